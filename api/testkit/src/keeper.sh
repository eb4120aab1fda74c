# Runs the test server for as long as somebody uses it: keeper USERS_LOCK DIRECTORY POSTGRES ARGUMENT...
users=$1 directory=$2
shift 2
"$@" &
server=$!
trap 'kill -QUIT $server' TERM

# Opened after the server was started, which must not inherit it: the lock belongs to the open file.
exec 9<"$users" || kill -QUIT $server

# Some seconds of grace, so that one test binary after the other finds the same server.
idle=0
while sleep 1 && kill -0 $server; do
    if ! flock -n -x 9; then
        idle=0
    elif [ $((idle += 1)) -lt 10 ]; then
        flock -u 9
    else
        # Nobody can come in until we exit, and who comes then finds nothing and starts anew.
        kill -QUIT $server
        wait $server
        rm -rf "$directory"
        exit
    fi
done

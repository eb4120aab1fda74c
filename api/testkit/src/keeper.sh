# Runs the test server as long as a process uses it: keeper USERS_LOCK DIRECTORY POSTGRES ARGUMENT...
users=$1 directory=$2
shift 2
"$@" &
server=$!
trap 'kill -QUIT $server' TERM

# Opened after the server has started, which must not inherit it: the lock belongs to the open file.
exec 9<"$users" || kill -QUIT $server

# Some seconds of grace, so that consecutive test binaries find the same server.
idle=0
while sleep 1 && kill -0 $server; do
    if ! flock -n -x 9; then
        idle=0
    elif [ $((idle += 1)) -lt 10 ]; then
        flock -u 9
    else
        # No process can join until this one exits; one that comes then starts a new server.
        kill -QUIT $server
        wait $server
        rm -rf "$directory"
        exit
    fi
done

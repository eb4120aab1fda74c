//! A proxy between the writer and PostgreSQL that can lose a request or its answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// How to treat the client's next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// Relay everything.
    Nothing,
    /// The request never reaches the server.
    Request,
    /// The server receives it and answers; the answer never reaches the client.
    Answer,
    /// The server receives it and is still working when the client loses the connection.
    Both,
}

/// Listens on its own socket in its own directory.
pub(crate) struct Proxy {
    directory: tempfile::TempDir,
    next: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of the server whose socket is in `server`.
    pub(crate) fn start(server: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
        let next = Arc::new(AtomicU8::new(Cut::Nothing as u8));
        let (server, cut) = (server.join(".s.PGSQL.5432"), next.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server.clone(), cut.clone()));
            }
        });
        Self { directory, next, task }
    }

    /// The directory to connect to.
    pub(crate) fn socket(&self) -> &Path {
        self.directory.path()
    }

    /// Cuts the connection at the next request.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.next.store(cut as u8, Ordering::SeqCst);
    }

    /// True once the connection was cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.next.load(Ordering::SeqCst) == Cut::Nothing as u8
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut client: UnixStream, server: PathBuf, next: Arc<AtomicU8>) {
    let Ok(mut server) = UnixStream::connect(server).await else { return };
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(1..) = read else { return };
                let bytes = &request[..read.unwrap()];
                let cut = next.swap(Cut::Nothing as u8, Ordering::SeqCst);
                if cut == Cut::Request as u8 {
                    return;
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                if cut == Cut::Answer as u8 {
                    let _answered = server.read(&mut answer).await;
                    return;
                }
                if cut == Cut::Both as u8 {
                    drop(client);
                    // The server's side stays open until it has finished the request.
                    while let Ok(1..) = server.read(&mut answer).await {}
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(1..) = read else { return };
                if client.write_all(&answer[..read.unwrap()]).await.is_err() {
                    return;
                }
            }
        }
    }
}

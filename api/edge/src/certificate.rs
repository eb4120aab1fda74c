//! The server's certificate, from files that are read again when they change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;
use tracing::{info, warn};

/// The time between two looks at the files.
const LOOK: Duration = Duration::from_secs(10);

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}; check PARKING_TLS_CERT, PARKING_TLS_KEY and the rights of the files", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file has no certificate.
    #[error("there is no certificate in {}: it must be PEM, the server's own certificate first", .0.display())]
    NoCertificate(PathBuf),
    /// The file has no private key.
    #[error("there is no private key in {}: it must be PEM and not encrypted", .0.display())]
    NoKey(PathBuf),
    /// They do not belong together, or are of a kind that is not supported.
    #[error("the certificate in {} and the key in {} cannot be used together: {error}", .certificate.display(), .key.display())]
    Unusable {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// The reason.
        error: tokio_rustls::rustls::Error,
    },
}

/// The files' contents as they were read last, to notice a change whatever the files' times say.
type Contents = (Vec<u8>, Vec<u8>);

/// The server's certificate with its key.
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    read: Contents,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificate {
    /// Reads a certificate, with those of its authorities after it, and its key.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let read = (read(&certificate)?, read(&key)?);
        let current = RwLock::new(Arc::new(pair(&provider, (&certificate, &key), &read)?));
        Ok(Arc::new(Self { chain: certificate, key, provider, current, read }))
    }

    /// Makes TLS connections with the certificate of the moment. HTTP/1.1 only.
    pub fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let versions =
            ServerConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let versions = versions.expect("the provider supports TLS 1.2 and 1.3");
        let mut config = versions.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config).into()
    }

    /// Looks at the files from time to time, for ever. A new pair that cannot be used leaves the old one in use.
    pub async fn watch(self: Arc<Self>) {
        let mut seen = Ok(self.read.clone());
        loop {
            sleep(LOOK).await;
            let now = self.look().map_err(|error| error.to_string());
            if now != seen {
                match now.as_ref().map_err(Clone::clone).and_then(|now| self.take(now)) {
                    Ok(()) => info!("the server's certificate has changed: new connections get it"),
                    Err(error) => warn!(error, "the new certificate is not used, the old one stays"),
                }
                seen = now;
            }
        }
    }

    fn look(&self) -> Result<Contents, CertificateError> {
        Ok((read(&self.chain)?, read(&self.key)?))
    }

    fn take(&self, contents: &Contents) -> Result<(), String> {
        let pair = pair(&self.provider, (&self.chain, &self.key), contents).map_err(|e| e.to_string())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| CertificateError::Unreadable { path: path.to_owned(), error })
}

fn pair(
    provider: &CryptoProvider,
    (certificate, key): (&Path, &Path),
    (chain, secret): &Contents,
) -> Result<CertifiedKey, CertificateError> {
    let chain: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| CertificateError::NoCertificate(certificate.to_owned()))?;
    let secret =
        PrivateKeyDer::from_pem_slice(secret).map_err(|_| CertificateError::NoKey(key.to_owned()))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|error| {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        CertificateError::Unusable { certificate, key, error }
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const CERTIFICATE: &str = include_str!("../../tests/fixtures/tls/server.pem");
    const KEY: &str = include_str!("../../tests/fixtures/tls/server.key");
    const RENEWED: (&str, &str) = (
        include_str!("../../tests/fixtures/tls/renewed.pem"),
        include_str!("../../tests/fixtures/tls/renewed.key"),
    );

    /// The certificate of these two files' contents.
    fn load(directory: &TempDir, certificate: &str, key: &str) -> Result<Arc<Certificate>, CertificateError> {
        let paths = ["c.pem", "k.pem"].map(|name| directory.path().join(name));
        std::fs::write(&paths[0], certificate).unwrap();
        std::fs::write(&paths[1], key).unwrap();
        let [certificate, key] = paths;
        Certificate::load(certificate, key)
    }

    #[test]
    fn what_is_no_pair_is_refused_by_the_name_of_the_file() {
        let directory = TempDir::new().unwrap();
        for (certificate, key, named) in [
            ("", KEY, "c.pem"),
            (KEY, KEY, "c.pem"),
            ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", KEY, "c.pem"),
            (CERTIFICATE, "", "k.pem"),
            (CERTIFICATE, CERTIFICATE, "k.pem"),
            (CERTIFICATE, RENEWED.1, "cannot be used together"),
        ] {
            let error = load(&directory, certificate, key).expect_err("it is no pair").to_string();
            assert!(error.contains(named) && !error.contains("BEGIN"), "{error}");
        }
        let nowhere = Certificate::load("/nowhere/c.pem".into(), "/nowhere/k.pem".into());
        assert!(matches!(nowhere, Err(CertificateError::Unreadable { .. })));
    }

    #[test]
    fn a_new_pair_is_taken_and_half_a_pair_is_not() {
        let directory = TempDir::new().unwrap();
        let certificate = load(&directory, CERTIFICATE, KEY).unwrap();
        let used = || certificate.current.read().unwrap().cert[0].clone();
        let (before, text) = (used(), format!("{certificate:?}"));
        assert!(!text.contains("k.pem"), "{text}");
        for half in [(RENEWED.0, KEY), (CERTIFICATE, RENEWED.1)] {
            let contents = (half.0.into(), half.1.into());
            assert!(certificate.take(&contents).is_err());
            assert_eq!(used(), before);
        }
        certificate.take(&(RENEWED.0.into(), RENEWED.1.into())).unwrap();
        assert_ne!(used(), before);
    }
}

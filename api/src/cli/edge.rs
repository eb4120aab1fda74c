//! The settings of what stands between the network and the server.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

/// The certificate, the proxies and the pages of other origins.
#[derive(Debug, Args)]
pub(crate) struct Edge {
    /// The server's certificate, in PEM, with those of its authorities after it. The server then speaks HTTPS only. The file
    /// is read again when it changes.
    #[arg(long, env = "PARKING_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long, env = "PARKING_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The proxies in front of the server, as addresses or blocks of addresses, separated by commas. Only their
    /// X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host are believed, and they are trusted to have a certificate.
    #[arg(long, env = "PARKING_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<String>,
    /// The origins whose pages may call the server, separated by commas, such as `https://console.example`.
    #[arg(long, env = "PARKING_CORS_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) cors_origins: Vec<String>,
    /// Listens on another address than loopback without a certificate and without a trusted proxy: secrets and data cross
    /// the network in clear.
    #[arg(long, env = "PARKING_INSECURE_HTTP", value_parser = FalseyValueParser::new())]
    pub(crate) insecure_http: bool,
}

impl Edge {
    /// True if a proxy is in front of the server.
    pub(crate) fn has_proxies(&self) -> bool {
        self.trusted_proxies.iter().any(|proxy| !proxy.trim().is_empty())
    }
}

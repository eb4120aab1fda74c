//! How the server is reached, by the command line: the certificate, trusted proxies, pages of other origins.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use parking_edge::{Certificate, Cors, Network, Proxies, RateLimits};

use crate::CommandError;
use crate::cli;
use crate::http::kit::edge::Edge;

/// What the server does at its edge, and its certificate. Refused if secrets would cross a network in clear without the
/// operator's word.
pub(crate) fn edge(
    arguments: &cli::Edge,
    listen: SocketAddr,
) -> Result<(Edge, Option<Arc<Certificate>>), CommandError> {
    let networks = present(&arguments.trusted_proxies).map(str::parse::<Network>).collect::<Result<_, _>>();
    let proxies = Proxies::new(networks.map_err(|error| format!("PARKING_TRUSTED_PROXIES: {error}"))?);
    let cors = Cors::new(present(&arguments.cors_origins));
    let cors = cors.map_err(|error| format!("PARKING_CORS_ORIGINS: {error}"))?;
    let certificate = certificate(arguments)?;
    if !listen.ip().is_loopback() && certificate.is_none() && proxies.is_empty() && !arguments.insecure_http {
        return Err(format!(
            "refusing to listen on {listen} without TLS: set PARKING_TLS_CERT and PARKING_TLS_KEY, or PARKING_TRUSTED_PROXIES to \
             the proxy that has the certificate, or listen on loopback; --insecure-http sends secrets in clear"
        )
        .into());
    }
    let edge = Edge { proxies, cors, limits: RateLimits::default(), takes_clear: arguments.insecure_http };
    Ok((edge, certificate))
}

fn certificate(arguments: &cli::Edge) -> Result<Option<Arc<Certificate>>, CommandError> {
    let given = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
    match (given(&arguments.tls_cert), given(&arguments.tls_key)) {
        (Some(certificate), Some(key)) => Ok(Some(Certificate::load(certificate, key)?)),
        (None, None) => Ok(None),
        _ => {
            Err("a certificate and its key belong together: set both PARKING_TLS_CERT and PARKING_TLS_KEY"
                .into())
        }
    }
}

/// The entries of a list that are not empty.
fn present(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty())
}

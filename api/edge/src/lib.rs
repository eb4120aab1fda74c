//! What stands between the network and the handlers: the certificate, trusted proxies, CORS, rate limits.
//!
//! It knows no route and reads no clock: the server gives it headers, addresses and times.

mod certificate;
mod cors;
mod devices;
mod network;
mod proxies;
mod rates;

pub use certificate::{Certificate, CertificateError};
pub use cors::{Cors, OriginError, Preflight};
pub use devices::{Device, Devices};
pub use network::{Network, NetworkError};
pub use proxies::{Connection, Proxies, Sender};
pub use rates::{Allowance, Attempt, RateLimits, TriedUser};

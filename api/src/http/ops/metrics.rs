//! `GET /metrics`: the server's metrics for Prometheus, as OpenMetrics or in Prometheus' text format.

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_projections::engine::standing;
use tracing::warn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::AppState;
use crate::http::kit::documented::{Code, CodeSet, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::problem::Problem;
use crate::metrics::TextFormat;

/// The refusals of the metrics endpoint.
enum MetricsRefusals {}

impl CodeSet for MetricsRefusals {
    fn codes() -> Vec<Code> {
        vec![(StatusCode::INTERNAL_SERVER_ERROR, "internal")]
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text";
const PLAIN: &str = "text/plain";

/// The format's content type.
fn content_type(format: TextFormat) -> &'static str {
    match format {
        TextFormat::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        TextFormat::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
    }
}

/// The format that the client prefers; OpenMetrics if it takes both alike.
fn preferred(headers: &HeaderMap) -> TextFormat {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<&str> = accepted.flat_map(|value| value.split(',')).collect();
    let [open, plain] = [OPEN_METRICS, PLAIN].map(|name| weight(&accepted, name));
    if plain > open { TextFormat::Prometheus } else { TextFormat::OpenMetrics }
}

/// The weight that a client gives a media type in thousandths, and how precisely the client names it.
fn weight(accepted: &[&str], name: &str) -> (u16, u8) {
    let any_subtype = name.split_once('/').map(|(main, _)| format!("{main}/*")).unwrap_or_default();
    let precision = |range: &str| match range {
        range if range.eq_ignore_ascii_case(name) => Some(3),
        range if range.eq_ignore_ascii_case(&any_subtype) => Some(2),
        "*/*" => Some(1),
        _ => None,
    };
    let weights = accepted.iter().filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let precision = precision(parts.next()?)?;
        let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let quality = (quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u16;
        Some((precision, quality))
    });
    // The most precise name decides; of several versions of it, the one that the client likes best.
    let best = weights.max().filter(|(_, quality)| *quality > 0);
    best.map_or((0, 0), |(precision, quality)| (quality, precision))
}

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(metrics))
}

/// Returns the server's metrics for Prometheus: as OpenMetrics, or with `Accept: text/plain` in Prometheus' text format.
// Without the database, the metrics that come from it keep their last values: the others matter all the more then.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content((String = "application/openmetrics-text"), (String = "text/plain"))),
              Refusals<MetricsRefusals>))]
async fn metrics(State(app): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let format = preferred(&headers);
    let standing = async { standing::read(&mut *app.auditor.acquire().await?).await };
    match standing.await {
        Ok(standing) => app.metrics.note_standing(&standing),
        Err(error) => warn!(%error, "the status of the projections cannot be read"),
    }
    app.metrics.note_writer(app.writer.counts());
    app.metrics.note_unsent(app.answers.unsent());
    let text = app.metrics.text(format).map_err(|_| Problem::of(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(CONTENT_TYPE, content_type(format)), (VARY, ACCEPT.as_str())], text).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_chooses_the_format() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (accept, expected) in [
            ("text/plain", TextFormat::Prometheus),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TextFormat::Prometheus),
            ("text/plain, */*", TextFormat::Prometheus),
            ("TEXT/*", TextFormat::Prometheus),
            ("application/openmetrics-text;q=0, text/plain;q=0.1", TextFormat::Prometheus),
            ("application/openmetrics-text, text/plain", TextFormat::OpenMetrics),
            ("text/plain;q=0", TextFormat::OpenMetrics),
            (prometheus, TextFormat::OpenMetrics),
            (browser, TextFormat::OpenMetrics),
            ("*/*", TextFormat::OpenMetrics),
            ("", TextFormat::OpenMetrics),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
    }
}

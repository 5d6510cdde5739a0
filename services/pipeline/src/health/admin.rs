//! The admin port itself.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_tracing_context::TracingContextLayer;
use metrics_util::layers::Layer as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::board::{Board, Page};
use crate::task;
use problem::{Code, Problem};

type Served = (Board, PrometheusHandle);

/// Binds the admin port and serves it until `stop`. Returns the address it has.
///
/// # Errors
/// `ADMIN_PORT` when the address is taken.
pub(crate) async fn serve(listen: &Address, board: Board, stop: CancellationToken) -> Result<SocketAddr, Problem> {
    let failed = |e: &dyn std::fmt::Display| {
        Problem::new(
            Code::AdminPort,
            format!("the admin port {listen} could not be opened: {e}"),
            "choose a free one in [admin]",
        )
    };
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let labelled = TracingContextLayer::only_allow(["connection"]).layer(recorder);
    metrics::set_global_recorder(labelled).map_err(|e| failed(&e))?;
    let listener = TcpListener::bind(listen.as_str()).await.map_err(|e| failed(&e))?;
    let address = listener.local_addr().map_err(|e| failed(&e))?;
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(figures))
        .with_state((board, metrics));
    task::detached(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(e) = served.await {
            tracing::error!(error = %e, "the admin port stopped");
        }
    });
    Ok(address)
}

async fn livez(State((board, _)): State<Served>) -> (StatusCode, String) {
    let stalled = board.stalled(Instant::now());
    told("alive", "stalled", stalled.is_empty(), &stalled)
}

async fn readyz(State((board, _)): State<Served>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let Some(page) = board.page(asked.get("connection").map(String::as_str)) else {
        return (StatusCode::NOT_FOUND, "this process does not serve that connection\n").into_response();
    };
    if asked.get("format").is_some_and(|format| format == "json") {
        let status = if page.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_string(&page).unwrap_or_default();
        return (status, [(CONTENT_TYPE, "application/json")], body + "\n").into_response();
    }
    told("ready", "not ready", page.ready, &lines(&page)).into_response()
}

async fn figures(State((board, metrics)): State<Served>) -> String {
    board.measure();
    metrics.render()
}

/// Returns the reasons why the process and its connections are not ready, and what is to be known besides. The
/// connection is named where there are several.
fn lines(page: &Page) -> Vec<String> {
    let several = page.connections.len() > 1;
    let of = |line: &String, connection: &str| if several { format!("{connection}: {line}") } else { line.clone() };
    let reasons = page.connections.iter().flat_map(|one| one.reasons.iter().map(|line| of(line, &one.connection)));
    let notes = page.connections.iter().flat_map(|one| one.notes.iter().map(|line| of(line, &one.connection)));
    page.reasons.iter().cloned().chain(reasons).chain(page.notes.iter().cloned()).chain(notes).collect()
}

fn told(well: &str, ill: &str, is_well: bool, lines: &[String]) -> (StatusCode, String) {
    let (status, word) = if is_well { (StatusCode::OK, well) } else { (StatusCode::SERVICE_UNAVAILABLE, ill) };
    let lines = [word].into_iter().chain(lines.iter().map(String::as_str));
    (status, lines.map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;

    fn shown(board: &Board, connection: Option<&str>) -> (bool, String) {
        let page = board.page(connection).unwrap();
        let (status, text) = told("ready", "not ready", page.ready, &lines(&page));
        assert_eq!(page.ready, status == StatusCode::OK);
        (page.ready, text)
    }

    #[test]
    fn both_pages_say_why_not() {
        let process = Health::default();
        let board = Board::new(process.clone());
        let no = process.of_work();
        board.put("no", no.clone());
        assert_eq!(shown(&board, None), (true, "ready\n".to_owned()));
        process.not_ready("broker", "the connection is lost");
        no.not_ready("mapping", "two questions:\n  line 7\n  line 9");
        let text = "not ready\nbroker: the connection is lost\nmapping: two questions: line 7; line 9\n";
        assert_eq!(shown(&board, None), (false, text.to_owned()));
        process.ready("broker");
        no.ready("mapping");
        no.say(Code::BrokerSetBack.as_str(), "the log ends early");
        assert_eq!(shown(&board, None), (true, "ready\nBROKER_SET_BACK: the log ends early\n".to_owned()));
        assert_eq!(told("alive", "stalled", true, &[]), (StatusCode::OK, "alive\n".to_owned()));
    }

    #[test]
    fn of_several_connections_one_that_is_not_ready_is_named_and_takes_nothing_from_the_others() {
        let process = Health::default();
        let board = Board::new(process.clone());
        let [no, se] = ["no", "se"].map(|name| {
            let health = process.of_work();
            board.put(name, health.clone());
            health
        });
        se.not_ready("connection", "MAPPING_UNANSWERED: a question");
        assert_eq!(shown(&board, None), (true, "ready\nse: connection: MAPPING_UNANSWERED: a question\n".to_owned()));
        assert_eq!(shown(&board, Some("no")), (true, "ready\n".to_owned()));
        let (ready, text) = shown(&board, Some("se"));
        assert!(!ready && text.ends_with("connection: MAPPING_UNANSWERED: a question\n"), "{text}");
        assert!(board.page(Some("dk")).is_none());
        no.not_ready("connection", "gone");
        assert!(!shown(&board, None).0, "none of them is ready");
        process.not_ready("broker", "away");
        no.ready("connection");
        assert!(!shown(&board, Some("no")).0, "what the process lacks, each of them lacks");
        no.turned("consumer", std::time::Duration::ZERO);
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(board.stalled(Instant::now())[0].starts_with("no: consumer: has not turned"));
    }
}

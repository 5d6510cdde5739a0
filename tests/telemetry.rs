//! Traces: a collector that is named gets spans, of every service that an order walks through, within one trace.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::house::{House, Wishes};

#[tokio::test]
async fn spans_of_every_stage_reach_the_collector() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (seen, mut exports) = mpsc::unbounded_channel();
    tokio::spawn(collect(listener, seen));
    let mut wishes = Wishes::default();
    wishes.settings.push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), endpoint));
    wishes.settings.push(("OTEL_BSP_SCHEDULE_DELAY".to_owned(), "200".to_owned()));
    let house = House::start(wishes).await;
    house.place(2, 1).await;
    house.until_booked(2, Duration::from_secs(60)).await;
    let mut missing = BTreeSet::from(["mapper", "writer-visma"]);
    while !missing.is_empty() {
        let export = tokio::time::timeout(Duration::from_secs(20), exports.recv()).await;
        let export: String = export.unwrap_or_else(|_| panic!("no spans of {missing:?}")).unwrap();
        let delivered = export.contains("change.main.") || export.contains("command.main.");
        missing.retain(|service| !(export.contains(service) && delivered));
    }
}

/// Answers every export with 200 and passes its body on, as far as it is text.
async fn collect(listener: TcpListener, seen: mpsc::UnboundedSender<String>) {
    while let Ok((mut connection, _)) = listener.accept().await {
        let seen = seen.clone();
        tokio::spawn(async move {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = connection.read(&mut chunk).await {
                bytes.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if bytes.len() >= head.len() + 4 + length.unwrap_or(0_usize) {
                    let _ = seen.send(body.to_owned());
                    let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                    bytes.clear();
                }
            }
        });
    }
}

//! Tests of refusals of the webhook door: each has a status that tells the sender whether to try again, and a code, and
//! nothing is kept.

use std::time::{Duration, Instant};

use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::sender::{HEADER, Sender, mac, signature, signature_base64};
use super::{PATIENCE, house_of_webhooks, without_polling};
use crate::bad_input::order::order;
use crate::house::House;

const BODY: &[u8] = br#"{"entity_id":1}"#;
const MEGABYTE: usize = 1024 * 1024;

/// The door still works, and of everything before nothing was kept.
async fn assert_nothing_kept(house: &House, sender: &Sender) {
    assert_eq!(house.messages("HINTS").await, 0);
    house.store(&order(1)).await;
    assert_eq!(sender.hint(1).await.status, 200);
    house.until_booked(1, PATIENCE).await;
}

#[tokio::test]
async fn what_is_not_signed_with_the_secret_is_not_looked_at() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    let good = signature(BODY);
    let hex = &good["sha256=".len()..];
    let other_secret = format!("sha256={}", hex::encode(mac("another-secret-0001", BODY)));
    let other_body = signature(br#"{"entity_id":2}"#);
    let in_base64 = format!("sha256={}", signature_base64(BODY));
    let flipped = format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    let cases: [(&str, Vec<(&str, &str)>); 13] = [
        ("missing", vec![]),
        ("in another header", vec![("X-Other", &good)]),
        ("empty", vec![(HEADER, "")]),
        ("only the prefix", vec![(HEADER, "sha256=")]),
        ("without the prefix", vec![(HEADER, hex)]),
        ("with another prefix", vec![(HEADER, "sha1=0123")]),
        ("no hexadecimal", vec![(HEADER, "sha256=zz")]),
        ("in base64", vec![(HEADER, &in_base64)]),
        ("cut short", vec![(HEADER, &good[..good.len() - 2])]),
        ("one digit off", vec![(HEADER, &flipped)]),
        ("twice", vec![(HEADER, &good), (HEADER, &good)]),
        ("of another secret", vec![(HEADER, &other_secret)]),
        ("of another body", vec![(HEADER, &other_body)]),
    ];
    for (name, headers) in cases {
        let answer = sender.post_with(BODY.to_vec(), &headers).await.unwrap();
        assert_eq!((answer.status, answer.code.as_deref()), (401, Some("WEBHOOK_SIGNATURE")), "{name}");
    }
    let log = house.logs();
    assert!(!log.contains(hex) && !log.contains(WEBHOOK_SECRET), "a signature or the secret is in the logs");
    assert_nothing_kept(&house, &sender).await;
}

#[tokio::test]
async fn what_is_signed_and_names_no_order_is_refused_with_a_sentence() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    let many = Value::from((1..=101).map(|id| serde_json::json!({ "entity_id": id })).collect::<Vec<_>>()).to_string();
    let bodies =
        ["", "{", "{\"entity_id\":1", "null", "[]", "{}", "7", "{\"entity_id\":\"\"}", "{\"entity_id\":-1}", &many];
    for body in bodies {
        let answer = sender.post(body).await;
        assert_eq!((answer.status, answer.code.as_deref()), (400, Some("WEBHOOK_UNREADABLE")), "{body}");
    }
    let not_text = vec![0xff, 0xfe, b'{'];
    let answer = sender.post_with(not_text.clone(), &[(HEADER, &signature(&not_text))]).await.unwrap();
    assert_eq!((answer.status, answer.code.as_deref()), (400, Some("WEBHOOK_UNREADABLE")));
    assert_eq!(sender.get().await, 405);
    assert_nothing_kept(&house, &sender).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    let started = Instant::now();
    let large = format!("{{\"entity_id\":1,\"note\":\"{}\"}}", "x".repeat(10 * MEGABYTE)).into_bytes();
    let headers = format!("Content-Length: {}\r\n{HEADER}: {}\r\n", large.len(), signature(&large));
    // Announced and not sent at all: the answer comes from the header alone.
    let answer = exchange(&house, &headers, &[], End::KeepOpen).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("WEBHOOK_TOO_LARGE"), "{answer}");
    // Sent whole by a sender that looks at the answer only afterwards or not at all.
    if let Ok(answer) = sender.post_with(large.clone(), &[(HEADER, &signature(&large))]).await {
        assert_eq!((answer.status, answer.code.as_deref()), (413, Some("WEBHOOK_TOO_LARGE")));
    }
    // Not announced: counted while it comes.
    let mut chunked = Vec::new();
    for chunk in large[..2 * MEGABYTE].chunks(64 * 1024) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    let headers = format!("Transfer-Encoding: chunked\r\n{HEADER}: {}\r\n", signature(&large));
    let answer = exchange(&house, &headers, &chunked, End::KeepOpen).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_nothing_kept(&house, &sender).await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_not_believed() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    // Signed as what arrives, so that nothing but the length says that some is missing.
    let headers = format!("Content-Length: {}\r\n{HEADER}: {}\r\n", BODY.len() + 100, signature(BODY));
    let answer = exchange(&house, &headers, BODY, End::Close).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // A sender that stands still is not waited for without end.
    let started = Instant::now();
    let answer = exchange(&house, &headers, BODY, End::KeepOpen).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("WEBHOOK_INCOMPLETE"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_nothing_kept(&house, &sender).await;
}

/// Behaviour of the sender after it has sent everything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    KeepOpen,
}

/// Writes a POST byte for byte, and reads until the door closes or says no more; empty when it was reset.
async fn exchange(house: &House, headers: &str, body: &[u8], end: End) -> String {
    let mut stream = TcpStream::connect(house.installation.door).await.unwrap();
    let head = format!("POST /webhooks/commerce HTTP/1.1\r\nHost: door\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let sent = stream.write_all(body).await;
    if end == End::Close && sent.is_ok() {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;

use super::{Answer, server_time};

fn now() -> Timestamp {
    "2026-11-22T11:58:38Z".parse().expect("an instant")
}

fn read(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Answer::read(&response.body(Bytes::from(body.to_owned())).expect("a response"), now())
}

#[test]
fn a_body_is_passed_on_as_it_is() {
    assert_eq!(read(200, &[], "{\"entity_id\":1}"), Answer::Ok(Bytes::from_static(b"{\"entity_id\":1}")));
    assert_eq!(read(202, &[], ""), Answer::Ok(Bytes::new()));
}

#[test]
fn a_page_is_no_success() {
    let answer = read(200, &[], "\n <html><title>Maintenance</title></html>");
    assert_eq!(answer, Answer::Broken { status: StatusCode::OK, message: "Maintenance".into() });
}

#[test]
fn the_kinds_of_401_are_told_apart() {
    for body in [
        r#"{"message":"The nonce is already being used by the consumer with ID %1","parameters":["3"]}"#,
        r#"{"message":"An error occurred validating the nonce"}"#,
    ] {
        assert!(matches!(read(401, &[], body), Answer::NonceRefused { .. }), "{body}");
    }
    for body in [
        r#"{"message":"The signature is invalid. Verify and try again."}"#,
        r#"{"message":"The consumer isn't authorized to access %resources.",
            "parameters":{"resources":"Magento_Sales::actions_view"}}"#,
        r#"{"message":"A consumer having the specified key does not exist"}"#,
        "",
    ] {
        assert!(matches!(read(401, &[], body), Answer::Unauthorised { .. }), "{body}");
    }
}

#[test]
fn a_token_that_was_cut_is_no_fault_of_the_request() {
    let cut = r#"{"message":"The token length is invalid. Check the length and try again."}"#;
    assert!(matches!(read(400, &[], cut), Answer::Unauthorised { .. }), "every comment would be refused by itself");
    let missing =
        r#"{"message":"\"%fieldName\" is required. Enter and try again.","parameters":{"fieldName":"statusHistory"}}"#;
    assert!(matches!(read(400, &[], missing), Answer::Refused { .. }));
}

#[test]
fn a_gateway_that_forbids_is_not_a_firewall_that_does_not_like_a_request() {
    let gateway = r#"{"error_code":"403010","message":"Oauth token lacks a scope"}"#;
    assert!(matches!(read(403, &[], gateway), Answer::Unauthorised { .. }));
    let firewall = "<html><title>403 Forbidden</title></html>";
    assert!(matches!(read(403, &[], firewall), Answer::Refused { .. }));
}

#[test]
fn a_clock_that_is_ahead_is_no_nonce_that_was_seen() {
    let body = r#"{"message":"An error occurred validating the nonce"}"#;
    let ahead = |date: &str| match read(401, &[("date", date)], body) {
        Answer::NonceRefused { ahead, .. } => ahead,
        other => panic!("{other:?}"),
    };
    let second =
        |seconds: i64| (now() - jiff::SignedDuration::from_secs(seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT");
    assert_eq!(ahead(&second(3600).to_string()), Some(Duration::from_secs(3600)));
    assert_eq!(ahead(&second(60).to_string()), None);
    assert_eq!(ahead(&second(-3600).to_string()), None);
    assert_eq!(ahead("yesterday"), None);
}

#[test]
fn a_missing_record_is_not_a_missing_address() {
    let record = r#"{"message":"The entity that was requested doesn't exist. Verify the entity and try again."}"#;
    assert!(matches!(read(404, &[], record), Answer::NotFound { .. }));
    let route = r#"{"message":"Request does not match any route."}"#;
    let page = "<html><title>404 Not Found</title></html>";
    for body in [route, page] {
        assert!(matches!(read(404, &[], body), Answer::Refused { .. }), "{body}");
    }
}

#[test]
fn what_is_wrong_stays_wrong_and_what_is_broken_may_heal() {
    for status in [400, 405, 406, 422] {
        assert!(matches!(read(status, &[], "{}"), Answer::Refused { .. }), "{status}");
    }
    for status in [408, 500, 502, 503, 504, 599] {
        assert!(matches!(read(status, &[], "<html>"), Answer::Broken { .. }), "{status}");
    }
    let moved = read(301, &[("location", "https://www.shop.example.com/rest")], "");
    assert!(matches!(moved, Answer::Refused { message, .. } if message.contains("https://www.shop.example.com/rest")));
}

#[test]
fn waits_as_long_as_it_is_told() {
    let wait =
        |status, value: &str| match read(status, &[("retry-after", value)], "{\"message\":\"Too Many Requests\"}") {
            Answer::BusyUntil { retry_after, message } => (retry_after.map(|wait| wait.as_secs()), message),
            other => panic!("{other:?}"),
        };
    assert_eq!(wait(429, "7"), (Some(7), "Too Many Requests".to_owned()));
    assert_eq!(wait(503, " 120 ").0, Some(120));
    assert_eq!(wait(429, "Sun, 22 Nov 2026 11:59:08 GMT").0, Some(30));
    assert_eq!(wait(429, "Sun, 22 Nov 2026 11:00:00 GMT").0, Some(0));
    assert_eq!(wait(429, "soon").0, None);
    assert!(matches!(read(429, &[], ""), Answer::BusyUntil { retry_after: None, .. }));
    assert_eq!(super::retry_after(&http::HeaderMap::new(), now()), None::<Duration>);
}

#[test]
fn the_servers_clock_is_read() {
    let response = Response::builder().header("date", "Sun, 22 Nov 2026 11:58:38 GMT").body(()).expect("a response");
    assert_eq!(server_time(response.headers()), Some(now()));
    assert_eq!(server_time(&http::HeaderMap::new()), None);
}

use async_nats::HeaderMap;

use super::{Cause, Envelope, PROTOBUF, TRACEPARENT, decode, encode, header, set, text};

const ENVELOPE: Envelope<'_> =
    Envelope { id: "an-id", source: "mapper", kind: "ml.command.visma", content_type: PROTOBUF };

#[test]
fn headers_say_what_cloudevents_and_the_broker_ask_for() {
    let headers = ENVELOPE.headers(&Cause::default());
    for (name, value) in [
        ("Nats-Msg-Id", "an-id"),
        ("ce-id", "an-id"),
        ("ce-specversion", "1.0"),
        ("ce-source", "mapper"),
        ("ce-type", "ml.command.visma"),
        ("Content-Type", "application/protobuf"),
    ] {
        assert_eq!(header(&headers, name), Some(value));
    }
    assert!(header(&headers, "ce-time").unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(header(&headers, "ce-causationid"), None);
}

#[test]
fn a_message_goes_on_in_the_trace_of_its_cause() {
    let first = ENVELOPE.headers(&Cause::default());
    let trace = header(&first, "traceparent").unwrap();
    let parts: Vec<&str> = trace.split('-').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2], "{trace}");
    assert_ne!(parts[1], "0".repeat(32));
    let second = Envelope { id: "another", ..ENVELOPE }.headers(&Cause::of(&first));
    assert_eq!(header(&second, "traceparent").and_then(|t| t.split('-').nth(1)), Some(parts[1]));
    assert_eq!(header(&second, "ce-causationid"), Some("an-id"));
    assert_ne!(header(&ENVELOPE.headers(&Cause::default()), "traceparent"), Some(trace), "a trace of its own");
    assert_eq!(Cause::of(&HeaderMap::new()), Cause::default());
}

#[test]
fn sentences_fit_into_headers_and_come_back() {
    for text in ["Ordre 7: 10,00 \"kr\"", "100 %\n200 %25", "Bø & Sønn → ☃", ""] {
        let encoded = encode(text);
        assert!(encoded.bytes().all(|b| (b' '..=b'~').contains(&b)), "{encoded}");
        assert_eq!(decode(&encoded), text);
    }
    assert_eq!(encode("plain text stays: 7.50"), "plain text stays: 7.50");
}

/// Text that somebody else has written: a line break, control characters, a mark of our own, or nothing but spaces.
#[test]
fn any_text_stands_in_a_header_and_comes_back() {
    for value in [
        "WEB-000000042",
        "100 %",
        "a\r\nNats-Rollup: all",
        "\u{1b}[2J",
        "Bø & Sønn → ☃",
        " ",
        "\t",
        "UTF-8''%41",
        "",
        "\0",
    ] {
        let mut headers = HeaderMap::new();
        set(&mut headers, "Ml-Reference", value);
        let stands = header(&headers, "Ml-Reference").unwrap();
        assert!(stands.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{stands}");
        assert_eq!(text(&headers, "Ml-Reference").unwrap(), value);
    }
}

/// Values that were written before values were encoded are read as they stand.
#[test]
fn older_headers_are_read_as_they_stand() {
    let headers: HeaderMap =
        [("Ml-Reference".parse().unwrap(), "WEB-Bø 100%25".parse().unwrap())].into_iter().collect();
    assert_eq!(text(&headers, "Ml-Reference").unwrap(), "WEB-Bø 100%25");
}

#[test]
fn a_trace_that_is_none_is_not_handed_on() {
    for trace in ["", "00-no", &format!("00-{}", "z".repeat(52)), &"x".repeat(9_000)] {
        let mut headers = HeaderMap::new();
        set(&mut headers, TRACEPARENT, trace);
        assert_eq!(Cause::of(&headers), Cause::default(), "{trace}");
    }
}

use std::time::UNIX_EPOCH;

use problem::Code;

use super::*;

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn created(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    read_create(&reply(status, headers, body), &sent_to(), UNIX_EPOCH)
}

fn sent_to() -> Uri {
    Uri::from_static("https://integration.visma.net/API/controller/api/v2/customerinvoice")
}

fn failed(status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    match created(status, headers, body) {
        Answer::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_create_is_known_by_its_location() {
    let number = |location: &str| match created(201, &[("Location", location), ("ETag", "\"AAAA=\"")], "") {
        Answer::Accepted { number, etag } => {
            assert_eq!(etag, Etag::parse("AAAA="));
            number.unwrap()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(number("https://api.finance.visma.net/v1/customerinvoice/100123"), "100123");
    assert_eq!(number("https://integration.visma.net/API/controller/api/v1/customerinvoice/100123/"), "100123");
    assert_eq!(number("/v1/customerinvoice/100123?company=1"), "100123");
    assert_eq!(number("https://api.finance.visma.net/v1/customerInvoice/B%C3%B8%201"), "Bø 1");
    assert_eq!(number("/API/controller/api/v1/customerinvoice/b64(QS8x)"), "A/1");
    assert_eq!(number("/v1/customerinvoice/b64(Li4=)"), "..");
}

#[test]
fn a_create_without_a_number_may_have_been_done() {
    for headers in [&[][..], &[("Location", "https://api.finance.visma.net")], &[("Location", "")]] {
        assert!(matches!(failed(201, headers, ""), Failure::Unknown { .. }), "{headers:?}");
    }
    assert!(matches!(failed(202, &[], r#"{"id":"73ac"}"#), Failure::Unknown { .. }));
}

#[test]
fn each_status_says_whether_something_may_have_been_done() {
    let message =
        r#"{"message":"VismaId: 1f-2. Error creating document. Error: TaxID '01' cannot be found in the system."}"#;
    let html = "<html><head><title>502</title></head><body><h1>Bad &amp; gateway</h1></body></html>";
    assert!(matches!(failed(400, &[], message), Failure::Refused { refusal: Refusal::VatCode, .. }));
    assert!(matches!(failed(401, &[], ""), Failure::Unauthorised { .. }));
    assert!(matches!(failed(403, &[], ""), Failure::Forbidden { .. }));
    assert!(matches!(failed(404, &[], ""), Failure::NotFound { .. }));
    assert!(matches!(failed(409, &[], ""), Failure::Stale { .. }));
    assert!(matches!(failed(412, &[], ""), Failure::Stale { .. }));
    let moved = failed(302, &[("Location", "https://x/login?from=1")], "");
    assert_eq!(moved.code(), Code::VismaRedirected);
    assert_eq!(moved.to_string(), "Visma refuses (302 Found): redirected to https://x/login");
    assert!(matches!(failed(408, &[], message), Failure::Unknown { .. }));
    assert!(matches!(failed(500, &[], message), Failure::Broken { refusal: Refusal::VatCode, .. }));
    assert!(matches!(failed(500, &[], html), Failure::Unknown { .. }));
    assert!(matches!(failed(500, &[], ""), Failure::Unknown { .. }));
    for status in [502, 503, 504] {
        assert!(matches!(failed(status, &[], html), Failure::Unknown { .. }), "{status}");
        assert!(matches!(failed(status, &[], message), Failure::Unknown { .. }), "{status}");
    }
}

#[test]
fn a_pause_is_named_or_the_window_or_a_few_seconds() {
    let pause = |headers: &[(&str, &str)]| match failed(429, headers, "") {
        Failure::Busy { retry_after, .. } => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    let window = [("X-RateLimit-Limit", "500"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1200")];
    assert_eq!(pause(&[("Retry-After", "411")]), 411);
    assert_eq!(pause(&window), 1200);
    assert_eq!(pause(&[]), 5);
}

#[test]
fn the_words_are_kept_in_every_shape() {
    let said = |body: &str| Said::read(&HeaderMap::new(), body.as_bytes());
    let told = said(r#"{"message":"VismaId: 0f3c-11. Error creating document. Error: X"}"#);
    assert_eq!(told.visma_id.as_deref(), Some("0f3c-11"));
    assert!(told.structured && told.message.ends_with("Error: X"));
    assert_eq!(said(r#"{"Message":"no"}"#).message, "no");
    assert_eq!(
        said(r#"{"ExceptionMessage":"No license for this company.","ExceptionFaultCode":"12027"}"#).message,
        "No license for this company."
    );
    assert_eq!(said(r#"{"details":{"message":"deep"}}"#).message, "deep");
    let page = said("<html>\n<body><h1>Bad</h1>  <p>gateway</p></body></html>");
    assert_eq!((page.message.as_str(), page.structured), ("Bad gateway", false));
    assert_eq!(said(&"ø".repeat(4000)).message.chars().count(), 500);
    assert!(!said("{\"message\": \"\"}").structured);

    let headers = [("Ipp-Request-Id", "req-7")];
    assert_eq!(
        failed(403, &headers, r#"{"message":"no role"}"#).to_string(),
        "Visma does not allow this call: no role [request req-7]"
    );
}

#[test]
fn updates_and_deletes_are_read() {
    let now = UNIX_EPOCH;
    let updated = read_update(&reply(204, &[("ETag", "\"BBBB=\"")], ""), now);
    assert_eq!(updated, Answer::Accepted { number: None, etag: Etag::parse("BBBB=") });
    assert!(matches!(read_update(&reply(412, &[], ""), now), Answer::Failed(Failure::Stale { .. })));
    assert_eq!(read_delete(&reply(204, &[], ""), now), Answer::Accepted { number: None, etag: None });
    assert_eq!(read_delete(&reply(404, &[], ""), now), Answer::Unchanged);
}

#[test]
fn records_and_lists_are_read_or_said_to_be_none() {
    let now = UNIX_EPOCH;
    let (record, etag) = read_record(&reply(200, &[], r#"{"number":"1","timeStamp":"CCCC="}"#), now).unwrap();
    assert_eq!((record["number"].as_str(), etag), (Some("1"), Etag::parse("CCCC=")));
    let page = read_page(&reply(200, &[], r#"[{"number":"1","metadata":{"totalCount":9}}]"#), now).unwrap();
    assert_eq!(page.total, Some(9));
    assert!(matches!(read_record(&reply(200, &[], "[]"), now), Err(Failure::Unknown { .. })));
    assert!(matches!(read_page(&reply(200, &[], r#"{"number":"1"}"#), now), Err(Failure::Unknown { .. })));
    assert!(matches!(read_page(&reply(200, &[], "[{\"number\":"), now), Err(Failure::Unknown { .. })));
    assert!(matches!(read_page(&reply(404, &[], ""), now), Err(Failure::NotFound { .. })));
}

#[test]
fn an_action_says_how_far_it_has_come() {
    let action = |status: u16, body: &'static str| {
        let reply = Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
        read_action(&reply, SystemTime::UNIX_EPOCH)
    };
    assert_eq!(action(200, r#"{"actionId":"1","actionResult":"Queued","errorInfo":""}"#), Ok(Action::Begun));
    assert_eq!(action(200, r#"{"actionResult":"Done"}"#), Ok(Action::Done));
    let failed = Action::Failed("The period is closed.".to_owned());
    assert_eq!(action(200, r#"{"actionResult":"Failed","errorInfo":"The period is closed."}"#), Ok(failed));
    assert_eq!(action(202, ""), Ok(Action::Begun));
    let refused = action(400, r#"{"message":"Document can't be released because it is already released."}"#);
    assert!(matches!(refused, Err(Failure::Refused { refusal: Refusal::Released, .. })));
}

#[test]
fn a_location_that_names_no_number_is_not_believed() {
    let long = format!("/v1/customerinvoice/{}", "9".repeat(500));
    for location in ["/v1/customerinvoice/a%0D%0Ab", "/v1/customerinvoice/%00", "/v1/customerinvoice/b64(DQo=)", &long]
    {
        let mut headers = HeaderMap::new();
        headers.insert("location", location.parse().unwrap());
        assert_eq!(location_number(&headers, &sent_to()), None, "{location}");
    }
}

/// A made-up number would be linked to our reference, and what was really created would be created again.
#[test]
fn a_location_elsewhere_is_not_believed() {
    for location in [
        "https://elsewhere.example.com/v1/customerinvoice/100123",
        "https://evilvisma.net/v1/customerinvoice/100123",
        "https://visma.net.example.com/v1/customerinvoice/100123",
        "https://api.finance.visma.net/v1/customer/100123",
        "https://api.finance.visma.net/v1/customerinvoice",
        "https://api.finance.visma.net/login/100123",
        "100123",
        "//elsewhere.example.com/v1/customerinvoice/100123",
    ] {
        assert!(matches!(failed(201, &[("Location", location)], ""), Failure::Unknown { .. }), "{location}");
    }
}

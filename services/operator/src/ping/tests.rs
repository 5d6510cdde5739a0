use std::io;
use std::time::Duration;

use ::commerce::entity::Entity;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use problem::Code;

use super::*;

fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().expect("a time")
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn answer(status: u16, body: &str) -> Asked {
    let mut answer = http::Response::new(bytes::Bytes::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    answer.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(answer)
}

/// Name, state and code of each step.
fn told(steps: &[Step]) -> Vec<(&str, State, Option<Code>)> {
    steps.iter().map(|step| (step.step.as_str(), step.state, step.code)).collect()
}

const NO_RIGHT: &str = r#"{"message":"The consumer isn't authorized to access %resources.",
    "parameters":{"resources":"Magento_Sales::actions_view"}}"#;

#[test]
fn the_way_ends_where_it_is_broken() {
    let none = resolved(Side::Visma, "api.example.com", &Ok(Vec::new()));
    assert_eq!((none.state, none.code, none.ends_side), (State::Failed, Some(Code::PingDns), true));
    let refused = Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    assert_eq!(connected(Side::Visma, "api.example.com", 443, &refused).code, Some(Code::PingConnect));
    assert_eq!(secured(Side::Visma, "h", true, Err("invalid peer certificate")).code, Some(Code::PingTls));
    assert_eq!(secured(Side::Visma, "h", false, Ok(())).state, State::Notice);
    assert_eq!(secured(Side::Visma, "h", true, Ok(())).state, State::Fine);
}

#[test]
fn clocks_are_compared_to_the_second_and_not_to_the_latency() {
    let skew = |theirs: i64, took: i64| clock(Side::Commerce, Some(later(theirs)), now(), later(took));
    assert_eq!(skew(0, 0).state, State::Fine);
    assert_eq!(skew(40, 45).state, State::Fine, "an answer that took 45 s");
    assert_eq!(skew(31, 0).state, State::Notice);
    assert_eq!(skew(-31, 0).state, State::Fine, "the header is cut to the second");
    assert_eq!(skew(-32, 0).state, State::Notice);
    let ahead = skew(-700, 0);
    assert_eq!((ahead.code, ahead.ends_side), (Some(Code::PingClock), true));
    assert!(ahead.said.contains("699 s ahead of"), "{}", ahead.said);
    assert!(skew(700, 0).said.contains("700 s behind"));
    assert_eq!(clock(Side::Commerce, None, now(), now()).state, State::Unknown);
}

#[test]
fn the_first_call_to_visma_tells_token_tenant_and_company_apart() {
    let steps = |asked: &Asked| company(asked, "7d1c", now());
    let shown = steps(&answer(200, r#"[{"number":"1","name":"Nordlys","corporateId":"999"}]"#));
    assert_eq!(told(&shown), [("token", State::Fine, None), ("company", State::Fine, None)]);
    assert!(shown[1].said.contains("Nordlys (branch 1, organisation number 999)"), "{}", shown[1].said);
    assert!(shown[0].said.contains("7d1c"));
    let empty = steps(&answer(200, "[]"));
    assert_eq!(told(&empty)[1], ("company", State::Failed, Some(Code::VismaCompanyEmpty)));
    assert!(empty[1].ends_side);
    let tenant = steps(&answer(401, ""));
    assert_eq!(told(&tenant)[1], ("tenant", State::Failed, Some(Code::VismaUnauthorised)));
    let refused = Err(CallError::Credentials(Problem::new(Code::VismaClientRefused, "no", "do")));
    assert_eq!(told(&steps(&refused)), [("token", State::Failed, Some(Code::VismaClientRefused))]);
    let gateway = r#"{"ExceptionMessage":"Company id is missing or the user is not authorised for it."}"#;
    assert_eq!(told(&steps(&answer(400, gateway)))[1], ("company", State::Failed, Some(Code::VismaCompanyRefused)));
    let hidden = steps(&answer(403, ""));
    assert_eq!((hidden[1].state, hidden[1].ends_side), (State::Notice, false), "other rights are looked at");
    let broken = steps(&answer(502, "<html>"));
    assert_eq!(told(&broken)[1], ("company", State::Failed, Some(Code::PingNoAnswer)));
    let busy = steps(&Err(CallError::Busy(Duration::from_secs(60))));
    assert_eq!(told(&busy), [("token", State::Failed, Some(Code::PingNoAnswer))]);
}

#[test]
fn a_right_that_nothing_needs_is_only_told() {
    let of = |needed| resource("customerPayment", "flow 9", needed, &answer(403, ""), now());
    assert_eq!((of(true).state, of(true).code), (State::Failed, Some(Code::VismaForbidden)));
    assert_eq!(of(false).state, State::Notice);
    let fine = resource("customer", "flow 1", true, &answer(200, r#"[{"metadata":{"totalCount":42}}]"#), now());
    assert!(fine.state == State::Fine && fine.said.contains("42 records"), "{}", fine.said);
}

#[test]
fn a_window_that_is_nearly_used_up_is_told() {
    let of = |limit: &str, remaining: &str| {
        let pairs = [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", "60")];
        let headers = pairs.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        window(&headers.into_iter().collect())
    };
    assert_eq!(of("500", "50").state, State::Fine);
    assert_eq!(of("500", "49").state, State::Notice);
    assert_eq!(window(&http::HeaderMap::new()).state, State::Unknown);
}

#[test]
fn a_429_of_commerce_is_told_as_one() {
    let waits = http::Response::builder()
        .status(429)
        .header("Retry-After", "90")
        .body(bytes::Bytes::new())
        .expect("a response");
    let said = &stores(&Ok(waits), now())[0].said;
    assert!(said.contains("accepts no calls at the moment for 90 s"), "{said}");
    let silent = &stores(&answer(429, ""), now())[0].said;
    assert!(silent.contains("accepts no calls at the moment: "), "{silent}");
}

#[test]
fn a_401_of_commerce_is_about_who_calls_or_about_a_right() {
    let steps = |status, body| stores(&answer(status, body), now());
    let views = r#"[{"id":0,"code":"admin","website_id":0},{"id":1,"code":"no","website_id":1}]"#;
    let fine = steps(200, views);
    assert_eq!(told(&fine), [("credentials", State::Fine, None), ("stores", State::Fine, None)]);
    assert_eq!(fine[1].said, "no (1)");
    let wrong = steps(401, r#"{"message":"The signature is invalid. Verify and try again."}"#);
    assert_eq!(told(&wrong), [("credentials", State::Failed, Some(Code::CommerceUnauthorised))]);
    assert!(wrong[0].ends_side);
    let right = steps(401, NO_RIGHT);
    assert_eq!(told(&right), [("stores", State::Notice, None)]);
    let nonce = steps(401, r#"{"message":"An error occurred validating the nonce"}"#);
    assert_eq!(told(&nonce), [("credentials", State::Failed, Some(Code::PingClock))]);
    let route = steps(404, r#"{"message":"Request does not match any route."}"#);
    assert_eq!(told(&route), [("credentials", State::Failed, Some(Code::CommerceRefused))]);
    assert_eq!(told(&steps(503, "<html>")), [("credentials", State::Failed, Some(Code::PingNoAnswer))]);
}

#[test]
fn whoever_may_do_nothing_at_all_is_not_known() {
    let right = |status, body| read_right(Entity::Order, "flow 2", true, &answer(status, body), now());
    let (yes, no) = (right(200, r#"{"items":[],"total_count":7}"#), right(401, NO_RIGHT));
    assert!(yes.state == State::Fine && yes.said.contains("7 records"), "{}", yes.said);
    assert_eq!((no.state, no.code), (State::Failed, Some(Code::CommerceForbidden)));
    let none = credentials(&[no.clone(), no.clone()]).expect("not known");
    assert_eq!((none.code, none.ends_side), (Some(Code::CommerceUnauthorised), true));
    assert_eq!(credentials(&[no.clone(), yes]), None, "one right shows that the credentials are good");
    assert_eq!(credentials(&[no, right(502, "<html>")]), None, "a broken shop proves nothing");
}

#[test]
fn the_right_to_comment_shows_without_a_comment() {
    let of = |status, body: &str| comment_right("flow 6", &answer(status, body), now());
    assert_eq!(of(400, r#"{"message":"\"%fieldName\" is required."}"#).state, State::Fine);
    assert_eq!(of(404, r#"{"message":"The entity that was requested doesn't exist."}"#).state, State::Fine);
    assert_eq!(of(401, NO_RIGHT).code, Some(Code::CommerceForbidden));
    assert_eq!(of(503, "<html>").state, State::Unknown);
}

#[test]
fn attributes_of_orders_are_looked_for_where_they_are_wanted() {
    let of = |status, body, is_saas| attributes(&answer(status, body), is_saas, now());
    assert_eq!(of(200, r#"["Magento_Sales","Magento_CustomAttributeSerializable"]"#, false).state, State::Fine);
    let lacking = of(200, r#"["Magento_Sales"]"#, false);
    assert_eq!((lacking.state, lacking.code), (State::Failed, Some(Code::AttributeNotKept)));
    assert_eq!(of(401, NO_RIGHT, false).state, State::Unknown);
    assert_eq!(of(401, NO_RIGHT, true).state, State::Fine);
}

#[test]
fn modules_and_release_are_shown_where_they_can_be() {
    let of = |body| modules(&answer(200, body), now());
    assert!(of(r#"["Magento_Store","Magento_AdobeCommerceWebhooks"]"#).said.contains("Adobe Commerce Webhooks"));
    assert_eq!(of(r#"["Magento_Store"]"#).state, State::Fine);
    assert_eq!(modules(&answer(401, NO_RIGHT), now()).state, State::Unknown);
    assert_eq!(version(StatusCode::OK, b"Magento/2.4 (Community)").said, "Magento/2.4 (Community)");
    assert_eq!(version(StatusCode::OK, b"<html>").state, State::Unknown);
    assert_eq!(version(StatusCode::NOT_FOUND, b"").state, State::Unknown);
}

#[test]
fn only_a_failure_is_one() {
    let notice = Step::notice(Side::Visma, "tls", "plain", "encrypt");
    let failed = Step::failed(Side::Visma, "customer", Problem::new(Code::VismaForbidden, "no", "grant it"));
    assert!(!any_failed(&[notice.clone(), Step::unknown(Side::Visma, "version", "?")]));
    assert!(any_failed(&[notice, failed.clone()]));
    let text = line(&failed);
    assert!(text.contains("FAILED   VISMA_FORBIDDEN: no\n") && text.contains("what to do: grant it\n"), "{text}");
    let json = serde_json::to_value(&failed).expect("JSON");
    assert_eq!(json["code"], Code::VismaForbidden.as_str());
    assert!(json.get("ends_side").is_none());
}

//! Turns Commerce's answers into steps of a ping.
//!
//! Commerce answers 401 to wrong credentials, to an inactive integration and to a missing right, and only its sentence
//! tells the first one apart. A right counts as missing once another right works.

use ::commerce::page::Page;
use ::commerce::reply::Answer;
use ::commerce::stores::StoreView;
use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use pipeline::vendor::CallError;
use problem::{Code, Problem};
use record::address::Entity;

use super::rights::in_admin;
use super::{Side, State, Step, no_answer, unanswered};

const SIDE: Side = Side::Commerce;
/// The step that asks whether comments may be written.
const COMMENT: &str = Entity::Comment.name();
/// Commerce's sentence for a missing right, also of a caller that it does not know.
const NOT_AUTHORIZED: &str = "isn't authorized to access";
/// Adobe's modules that send webhooks and events, as `GET /V1/modules` names them.
const WEBHOOKS: &str = "Magento_AdobeCommerceWebhooks";
const EVENTS: &str = "Magento_AdobeCommerceEventsClient";
/// Adobe's module of custom attributes of orders and other records.
const ATTRIBUTES: &str = "Magento_CustomAttributeSerializable";
const REMEDY: &str = "compare the credentials with those in the Admin, check that the integration or account is active, and \
                      that it has the rights that the README lists; Commerce gives the same answer to all three";

/// Answer to a request, or the error of the call.
pub type Asked = Result<Response<Bytes>, CallError>;

/// The first call, for the store views: whether Commerce accepts the credentials.
pub fn stores(asked: &Asked, now: Timestamp) -> Vec<Step> {
    let response = match asked {
        Ok(response) => response,
        Err(e) => return vec![Step::ends(SIDE, "credentials", unanswered(SIDE, e))],
    };
    match Answer::read(response, now) {
        Answer::Ok(body) => {
            let accepted = Step::fine(SIDE, "credentials", "Commerce accepts the credentials");
            let named = |views: Vec<StoreView>| {
                let views = views.iter().filter(|view| view.id > 0).map(|view| format!("{} ({})", view.code, view.id));
                views.collect::<Vec<_>>().join(", ")
            };
            let stores = match StoreView::decode_list(&body) {
                Ok(views) => Step::fine(SIDE, "stores", named(views)),
                Err(e) => Step::failed(SIDE, "stores", unreadable(&e.to_string())),
            };
            vec![accepted, stores]
        }
        // Which of the reasons it is shows when something else is asked for.
        Answer::Unauthorised { message } if message.contains(NOT_AUTHORIZED) => {
            let said = format!("not readable, and needed by `mapping init` and `mapping check`: {message}");
            vec![Step::notice(SIDE, "stores", said, grant(&message))]
        }
        Answer::Unauthorised { message } => {
            vec![Step::ends(SIDE, "credentials", unauthorised(&message))]
        }
        Answer::NonceRefused { message, .. } => {
            let sentence = format!("Commerce refuses the signature's time or nonce: {message}");
            let remedy =
                "set this machine's clock by NTP; it must not be more than 10 minutes ahead of the shop's clock";
            vec![Step::ends(SIDE, "credentials", Problem::new(Code::PingClock, sentence, remedy))]
        }
        other => vec![Step::ends(SIDE, "credentials", otherwise(&other))],
    }
}

/// Credentials that no call has proved, judged by the rights: a caller without any right is not known to Commerce.
pub fn credentials(rights: &[Step]) -> Option<Step> {
    let none = !rights.is_empty() && rights.iter().all(|step| step.state == State::Failed);
    let told = rights.iter().all(|step| step.code.is_none_or(|code| code == Code::CommerceForbidden));
    (none && told).then(|| {
        let sentence =
            "no call is allowed: the integration is not active, it has no rights, or the credentials belong to another one";
        Step::ends(SIDE, "credentials", Problem::new(Code::CommerceUnauthorised, sentence, REMEDY))
    })
}

/// Checks that records of a kind may be read; `asked` is the answer to a request for their list.
pub fn read_right(
    entity: ::commerce::entity::Entity,
    serves: &str,
    needed: bool,
    asked: &Asked,
    now: Timestamp,
) -> Step {
    let name = entity.name();
    let step = match asked {
        Err(e) => Step::failed(SIDE, name, unanswered(SIDE, e)),
        Ok(response) => match Answer::read(response, now) {
            Answer::Ok(body) => match Page::decode(entity, &body) {
                Ok(page) => Step::fine(SIDE, name, format!("readable (needed {serves}); {} records", page.total_count)),
                Err(e) => Step::failed(SIDE, name, unreadable(&e.to_string())),
            },
            Answer::Unauthorised { message } => Step::failed(SIDE, name, forbidden(serves, &message)),
            other => Step::failed(SIDE, name, otherwise(&other)),
        },
    };
    if needed { step } else { step.softened() }
}

/// Checks that a list may be read that only the mapping verbs need; `asked` is its first page. Services run without it.
pub fn list_right(name: &str, serves: &str, asked: &Asked, now: Timestamp) -> Step {
    let step = match asked {
        Err(e) => Step::failed(SIDE, name, unanswered(SIDE, e)),
        Ok(response) => match Answer::read(response, now) {
            Answer::Ok(_) => Step::fine(SIDE, name, format!("readable (needed {serves})")),
            Answer::Unauthorised { message } => Step::failed(SIDE, name, forbidden(serves, &message)),
            other => Step::failed(SIDE, name, otherwise(&other)),
        },
    };
    step.softened()
}

/// Checks that a comment may be written. `asked` is the answer to an empty comment on an order that cannot exist.
/// Commerce checks the right first, so any other refusal shows that the right is there.
pub fn comment_right(serves: &str, asked: &Asked, now: Timestamp) -> Step {
    match asked {
        Err(e) => Step::failed(SIDE, COMMENT, unanswered(SIDE, e)),
        Ok(response) => match Answer::read(response, now) {
            Answer::NotFound { .. } => may_comment(serves),
            Answer::Refused { status: StatusCode::BAD_REQUEST, .. } => may_comment(serves),
            Answer::Unauthorised { message } => Step::failed(SIDE, COMMENT, forbidden(serves, &message)),
            // 500 to a body that it cannot use: the right was looked at before.
            Answer::Broken { status: StatusCode::INTERNAL_SERVER_ERROR, .. } => may_comment(serves),
            other => Step::unknown(SIDE, COMMENT, format!("not known: {}", otherwise(&other).sentence)),
        },
    }
}

fn may_comment(serves: &str) -> Step {
    Step::fine(SIDE, COMMENT, format!("write access granted (needed {serves}); nothing was written"))
}

/// The names of the modules, where they are shown.
fn listed(asked: &Asked, now: Timestamp) -> Option<Vec<String>> {
    let Ok(Answer::Ok(body)) = asked.as_ref().map(|response| Answer::read(response, now)) else { return None };
    serde_json::from_slice(&body).ok()
}

/// Checks that orders have custom attributes; notes on an order are kept in one.
pub fn attributes(asked: &Asked, is_saas: bool, now: Timestamp) -> Step {
    if is_saas {
        return Step::fine(SIDE, "attributes", "custom attributes of orders are available on SaaS");
    }
    match listed(asked, now) {
        Some(modules) if modules.iter().any(|module| module == ATTRIBUTES) => {
            Step::fine(SIDE, "attributes", "the module for custom attributes of orders is installed")
        }
        Some(_) => {
            let sentence = "comments.supplier_invoices_attribute is set, but the shop has no module for custom attributes of \
                            orders";
            let remedy = "install magento/out-of-process-custom-attributes (Adobe Commerce 2.4.5 or later), or leave the \
                          setting empty: Magento Open Source has no such attributes";
            Step::failed(SIDE, "attributes", Problem::new(Code::AttributeNotKept, sentence, remedy))
        }
        None => Step::unknown(SIDE, "attributes", "not known: this integration may not read the list of modules"),
    }
}

/// Tells which of the modules that send webhooks are installed.
pub fn modules(asked: &Asked, now: Timestamp) -> Step {
    let Some(modules) = listed(asked, now) else {
        let said = "not known: this integration may not read the list of modules, which nothing else needs";
        return Step::unknown(SIDE, "webhooks", said);
    };
    let has = |name: &str| modules.iter().any(|module| module == name);
    let there: Vec<&str> = [(WEBHOOKS, "Adobe Commerce Webhooks"), (EVENTS, "Adobe I/O Events")]
        .into_iter()
        .filter_map(|(module, called)| has(module).then_some(called))
        .collect();
    match there.is_empty() {
        true => {
            Step::fine(SIDE, "webhooks", "none of Adobe's webhook modules is installed; polling finds every change")
        }
        false => Step::fine(SIDE, "webhooks", format!("{} can be used", there.join(" and "))),
    }
}

/// The release, which PaaS shows to everybody at `/magento_version` unless that is switched off.
pub fn version(status: StatusCode, body: &[u8]) -> Step {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    match status.is_success() && text.starts_with("Magento/") {
        true => Step::fine(SIDE, "version", text.chars().take(80).collect::<String>()),
        false => Step::unknown(SIDE, "version", "the shop does not show its version"),
    }
}

fn unauthorised(message: &str) -> Problem {
    Problem::new(Code::CommerceUnauthorised, format!("Commerce refuses the credentials: {message}"), REMEDY)
}

fn forbidden(serves: &str, message: &str) -> Problem {
    Problem::new(
        Code::CommerceForbidden,
        format!("the right is missing that is needed {serves}: {message}"),
        grant(message),
    )
}

/// How to give the right that Commerce names.
fn grant(message: &str) -> String {
    let right =
        in_admin(message).map_or_else(|| "the right that Commerce names".to_owned(), |place| format!("\"{place}\""));
    format!(
        "in the Admin, give the integration {right} (System > Extensions > Integrations > Edit > API) and save it; an \
         administrator's account gets it from its role (System > Permissions > User Roles)"
    )
}

fn unreadable(why: &str) -> Problem {
    let remedy = "look at the shop's answer; a module or a proxy in front of it may have changed it";
    Problem::new(Code::CommerceUnreadable, why.to_owned(), remedy)
}

/// Returns what is wrong with an answer that has no data.
pub(crate) fn otherwise(answer: &Answer) -> Problem {
    match answer {
        Answer::Refused { status, message } => Problem::new(
            Code::CommerceRefused,
            format!("Commerce refuses the request ({}): {message}", status.as_u16()),
            "check commerce.base_url: scheme, host and store code as the shop itself has them",
        ),
        Answer::NotFound { message } => Problem::new(
            Code::CommerceRefused,
            format!("there is no REST API at this address: {message}"),
            "check commerce.base_url: its path, and on SaaS the tenant",
        ),
        Answer::Unauthorised { message } if message.contains(NOT_AUTHORIZED) => forbidden("to read this list", message),
        Answer::Unauthorised { message } => unauthorised(message),
        Answer::BusyUntil { retry_after, message } => {
            let named = retry_after.map_or_else(String::new, |wait| format!(" for {} s", wait.as_secs()));
            no_answer(SIDE, &format!("it accepts no calls at the moment{named}: {message}"))
        }
        Answer::NonceRefused { message, .. } => no_answer(SIDE, message),
        Answer::Broken { status, message } => no_answer(SIDE, &format!("{status}: {message}")),
        Answer::Ok(_) => no_answer(SIDE, "an answer that cannot be used"),
    }
}

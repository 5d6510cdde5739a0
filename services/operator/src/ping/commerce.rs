//! What Commerce's answers prove.
//!
//! Commerce answers 401 to wrong credentials, to an integration that is switched off and to a right that is missing,
//! and tells only the first apart, by its sentence. So a right that is missing is believed once another one is there.

use ::commerce::page::Page;
use ::commerce::reply::Answer;
use ::commerce::stores::StoreView;
use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use pipeline::problem::Problem;
use pipeline::vendor::CallError;

use super::{Side, State, Step, no_answer, unanswered};

const SIDE: Side = Side::Commerce;
/// What the sentence says when who calls is known, or nobody at all, and the resource is not theirs.
const NOT_AUTHORIZED: &str = "isn't authorized to access";
/// Adobe's modules that send webhooks and events, as `GET /V1/modules` names them.
const WEBHOOKS: &str = "Magento_AdobeCommerceWebhooks";
const EVENTS: &str = "Magento_AdobeCommerceEventsClient";
/// Adobe's module of custom attributes of orders and other records.
const ATTRIBUTES: &str = "Magento_CustomAttributeSerializable";
const REMEDY: &str = "check the credentials of commerce.auth, that the integration or account is active, and that it may \
                      read Sales > Orders, Invoices and Credit Memos, and Customers; Commerce tells none of these apart";

/// What was asked, and how it was answered.
pub type Asked = Result<Response<Bytes>, CallError>;

/// The first call, for the store views: whether who calls is believed.
pub fn stores(asked: &Asked, now: Timestamp) -> Vec<Step> {
    let response = match asked {
        Ok(response) => response,
        Err(e) => return vec![Step::ends(SIDE, "credentials", unanswered(SIDE, e))],
    };
    match Answer::read(response, now) {
        Answer::Ok(body) => {
            let believed = Step::fine(SIDE, "credentials", "Commerce believes who calls");
            let named = |views: Vec<StoreView>| {
                let views = views.iter().filter(|view| view.id > 0).map(|view| format!("{} ({})", view.code, view.id));
                views.collect::<Vec<_>>().join(", ")
            };
            let stores = match StoreView::decode_list(&body) {
                Ok(views) => Step::fine(SIDE, "stores", named(views)),
                Err(e) => Step::failed(SIDE, "stores", unreadable(&e.to_string())),
            };
            vec![believed, stores]
        }
        // Which of the reasons it is shows when something else is asked for.
        Answer::Unauthorised { message } if message.contains(NOT_AUTHORIZED) => {
            let said = format!("the stores are not shown: {message}");
            vec![Step::notice(
                SIDE,
                "stores",
                said,
                "give it Stores > Settings > All Stores, which `mapping init` needs",
            )]
        }
        Answer::Unauthorised { message } => {
            vec![Step::ends(SIDE, "credentials", unauthorised(&message))]
        }
        Answer::NonceRefused { message, .. } => {
            let sentence = format!("Commerce refuses the signature's time or nonce: {message}");
            let remedy = "set this machine's clock by NTP; it may be 10 minutes ahead of the shop's at most";
            vec![Step::ends(SIDE, "credentials", Problem::new("PING_CLOCK", sentence, remedy))]
        }
        other => vec![Step::ends(SIDE, "credentials", otherwise(&other))],
    }
}

/// What the rights say about credentials that were not proved yet: somebody who may do nothing at all is not known.
pub fn credentials(rights: &[Step]) -> Option<Step> {
    let none = !rights.is_empty() && rights.iter().all(|step| step.state == State::Failed);
    let told = rights.iter().all(|step| step.code.is_empty() || step.code == "COMMERCE_FORBIDDEN");
    (none && told).then(|| {
        let sentence =
            "whoever calls may do nothing: the integration is not active, or the credentials are not its own";
        Step::ends(SIDE, "credentials", Problem::new("COMMERCE_UNAUTHORISED", sentence, REMEDY))
    })
}

/// Whether records of a kind may be read; `asked` was their list.
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
                Ok(page) => Step::fine(SIDE, name, format!("may be read ({serves}); {} there", page.total_count)),
                Err(e) => Step::failed(SIDE, name, unreadable(&e.to_string())),
            },
            Answer::Unauthorised { message } => Step::failed(SIDE, name, forbidden(serves, &message)),
            other => Step::failed(SIDE, name, otherwise(&other)),
        },
    };
    if needed { step } else { step.softened() }
}

/// Whether a comment may be written; `asked` was one for an order that cannot be, without anything in it. Commerce
/// looks at the right first, so any other refusal than that shows that it is there.
pub fn comment_right(serves: &str, asked: &Asked, now: Timestamp) -> Step {
    match asked {
        Err(e) => Step::failed(SIDE, "comment", unanswered(SIDE, e)),
        Ok(response) => match Answer::read(response, now) {
            Answer::NotFound { .. } => may_comment(serves),
            Answer::Refused { status: StatusCode::BAD_REQUEST, .. } => may_comment(serves),
            Answer::Unauthorised { message } => Step::failed(SIDE, "comment", forbidden(serves, &message)),
            // 500 to a body that it cannot use: the right was looked at before.
            Answer::Broken { status: StatusCode::INTERNAL_SERVER_ERROR, .. } => may_comment(serves),
            other => Step::unknown(SIDE, "comment", format!("not known: {}", otherwise(&other).sentence)),
        },
    }
}

fn may_comment(serves: &str) -> Step {
    Step::fine(SIDE, "comment", format!("may be written ({serves}); nothing was"))
}

/// The names of the modules, where they are shown.
fn listed(asked: &Asked, now: Timestamp) -> Option<Vec<String>> {
    let Ok(Answer::Ok(body)) = asked.as_ref().map(|response| Answer::read(response, now)) else { return None };
    serde_json::from_slice(&body).ok()
}

/// Whether orders have custom attributes, which are to hold what is noted on them.
pub fn attributes(asked: &Asked, is_saas: bool, now: Timestamp) -> Step {
    if is_saas {
        return Step::fine(SIDE, "attributes", "SaaS has custom attributes of orders");
    }
    match listed(asked, now) {
        Some(modules) if modules.iter().any(|module| module == ATTRIBUTES) => {
            Step::fine(SIDE, "attributes", "the module for custom attributes of orders is there")
        }
        Some(_) => {
            let sentence = "comments.supplier_invoices_attribute is set, and the shop has no module for custom attributes \
                            of orders";
            let remedy = "install magento/out-of-process-custom-attributes (Adobe Commerce 2.4.5 or later), or leave the \
                          setting empty: Magento Open Source has no such attributes";
            Step::failed(SIDE, "attributes", Problem::new("ATTRIBUTE_NOT_KEPT", sentence, remedy))
        }
        None => Step::unknown(SIDE, "attributes", "not known: the list of modules is not shown to this integration"),
    }
}

/// Whether the modules that send webhooks are there.
pub fn modules(asked: &Asked, now: Timestamp) -> Step {
    let Some(modules) = listed(asked, now) else {
        let said = "not known: the list of modules is not shown to this integration, and nothing else needs it";
        return Step::unknown(SIDE, "webhooks", said);
    };
    let has = |name: &str| modules.iter().any(|module| module == name);
    let there: Vec<&str> = [(WEBHOOKS, "Adobe Commerce Webhooks"), (EVENTS, "Adobe I/O Events")]
        .into_iter()
        .filter_map(|(module, called)| has(module).then_some(called))
        .collect();
    match there.is_empty() {
        true => Step::fine(SIDE, "webhooks", "none of Adobe's modules is there: polling finds everything"),
        false => Step::fine(SIDE, "webhooks", format!("{} can be used", there.join(" and "))),
    }
}

/// The release, which PaaS shows to everybody at `/magento_version` unless that is switched off.
pub fn version(status: StatusCode, body: &[u8]) -> Step {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    match status.is_success() && text.starts_with("Magento/") {
        true => Step::fine(SIDE, "version", text.chars().take(80).collect::<String>()),
        false => Step::unknown(SIDE, "version", "the shop does not show it"),
    }
}

fn unauthorised(message: &str) -> Problem {
    Problem::new("COMMERCE_UNAUTHORISED", format!("Commerce does not accept who calls: {message}"), REMEDY)
}

fn forbidden(serves: &str, message: &str) -> Problem {
    Problem::new(
        "COMMERCE_FORBIDDEN",
        format!("may not be used, and is needed for {serves}: {message}"),
        "give the integration or the account this resource (System > Extensions > Integrations > API) and save it again",
    )
}

fn unreadable(why: &str) -> Problem {
    let remedy = "look at the shop's answer; a module or an edge in front of it may have changed it";
    Problem::new("COMMERCE_UNREADABLE", why.to_owned(), remedy)
}

/// What is wrong with an answer that is neither data nor about who calls.
pub(crate) fn otherwise(answer: &Answer) -> Problem {
    match answer {
        Answer::Refused { status, message } => Problem::new(
            "COMMERCE_REFUSED",
            format!("Commerce refuses the request ({}): {message}", status.as_u16()),
            "check commerce.base_url: scheme, host and store code as the shop itself has them",
        ),
        Answer::NotFound { message } => Problem::new(
            "COMMERCE_REFUSED",
            format!("Commerce has nothing at this address: {message}"),
            "check commerce.base_url: its path, and on SaaS the tenant",
        ),
        Answer::Unauthorised { message } => unauthorised(message),
        Answer::BusyUntil { retry_after, message } => {
            let named = retry_after.map_or_else(String::new, |wait| format!(" for {} s", wait.as_secs()));
            no_answer(SIDE, &format!("it takes no calls just now{named}: {message}"))
        }
        Answer::NonceRefused { message, .. } => no_answer(SIDE, message),
        Answer::Broken { status, message } => no_answer(SIDE, &format!("{status}: {message}")),
        Answer::Ok(_) => no_answer(SIDE, "an answer without use"),
    }
}

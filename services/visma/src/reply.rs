//! A reply of Visma's becomes one of a closed set of answers.
//!
//! For a create, one question decides: may something have been done? `Failure` keeps the answers apart by that, and
//! only by what was seen: 400 and 401 and 429 prove that nothing was; a 500 with a message of Visma's may be a refused
//! document or a done one; everything that a gateway says, and every silence, proves nothing.

mod said;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, Response, StatusCode, Uri};
use problem::Code;
use serde_json::Value;

use crate::etag::Etag;
use crate::list::{Page, Row};
use crate::rate;
use crate::refusal::Refusal;

pub use said::{Said, plain};

/// Visma's pause when it names none: as long as all calls pause then, so that no document waits longer than the rest.
const UNNAMED_PAUSE: Duration = Duration::from_secs(5);

/// Visma's hosts are below this name: a create that one of them answered may name another in `Location`.
const VISMA: &str = "visma.net";

/// Result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Accepted {
        /// Number that Visma gave; for a create only.
        number: Option<String>,
        /// The version that it has now, where told.
        etag: Option<Etag>,
    },
    /// There was nothing to do: deleted before.
    Unchanged,
    /// Not done, or not known to be done.
    Failed(Failure),
}

/// Why a call did not give what it was made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// 412 and 409: the version that was sent is not the current one. Nothing was done.
    #[error("Visma holds another version: {said}")]
    Stale {
        /// Visma's words.
        said: Said,
    },
    /// 429: no calls before this is over. Nothing was done.
    #[error("Visma accepts no calls for {retry_after:?}")]
    Busy {
        /// From `Retry-After`, else from the window's end.
        retry_after: Duration,
        /// Visma's words.
        said: Said,
    },
    /// 401: the token is not taken. Once, it is worth a new one. Nothing was done.
    #[error("Visma does not take the token: {said}")]
    Unauthorised {
        /// Visma's words.
        said: Said,
    },
    /// 403: the token is taken, and may not do this. Nothing was done.
    #[error("Visma does not allow this call: {said}")]
    Forbidden {
        /// Visma's words.
        said: Said,
    },
    /// 404: no such record; of a create or a list, a wrong base URL. Nothing was done.
    #[error("Visma has nothing under this address: {said}")]
    NotFound {
        /// Visma's words.
        said: Said,
    },
    /// Another 3xx or 4xx: read and refused, and it would be again. Nothing was done.
    #[error("Visma refuses ({status}): {said}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// Subject of the refusal.
        refusal: Refusal,
        /// Visma's words.
        said: Said,
    },
    /// 500 with a message of Visma's own: often a refusal all the same. Of a write, done or not done.
    #[error("Visma failed on it ({status}): {said}")]
    Broken {
        /// The status.
        status: StatusCode,
        /// Subject of the refusal.
        refusal: Refusal,
        /// Visma's words.
        said: Said,
    },
    /// A gateway's word, a reply that lacks what it must have, a body that is not what it should be. Of a write, done
    /// or not done.
    #[error("{why} ({status}): {said}")]
    Unknown {
        /// The status.
        status: StatusCode,
        /// Says what is wrong with the reply.
        why: &'static str,
        /// From `Retry-After`, where there is one.
        retry_after: Option<Duration>,
        /// Its words.
        said: Said,
    },
}

impl Failure {
    /// The code of the runbook page.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Stale { .. } => Code::VismaStale,
            Self::Busy { .. } => Code::VismaBusy,
            Self::Unauthorised { .. } => Code::VismaUnauthorised,
            Self::Forbidden { .. } => Code::VismaForbidden,
            Self::NotFound { .. } => Code::VismaNotFound,
            Self::Refused { refusal, .. } => refusal.code(),
            Self::Broken { refusal: Refusal::Other, .. } => Code::VismaBroken,
            Self::Broken { refusal, .. } => refusal.code(),
            Self::Unknown { .. } => Code::VismaUnreadable,
        }
    }

    /// Tells a person what to do.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "Nothing: it is read again and merged.",
            Self::Busy { .. } => {
                "Nothing: calls go on when Visma's window opens. Ask Visma for more calls if it is often."
            }
            Self::Unauthorised { .. } => "Check that tenant_id is the company's tenant, and not the customer's.",
            Self::Forbidden { .. } => "Give the integration the scopes and roles that it needs in this company.",
            Self::NotFound { .. } => "Check the base URL, and whether the record was removed in Visma.",
            Self::Refused { refusal, .. } | Self::Broken { refusal, .. } => refusal.what_to_do(),
            Self::Unknown { .. } => "Check the base URL and Visma's status page.",
        }
    }
}

/// The answer to a create that was sent to `sent_to`: 201, an empty body, and a `Location` that ends in the number.
#[must_use]
pub fn read_create(reply: &Response<Bytes>, sent_to: &Uri, now: SystemTime) -> Answer {
    if !reply.status().is_success() {
        return Answer::Failed(failure(reply, now));
    }
    match location_number(reply.headers(), sent_to) {
        Some(number) => Answer::Accepted { number: Some(number), etag: Etag::of(reply.headers()) },
        None => Answer::Failed(unknown(
            reply,
            "a create was answered without the number of what it created, under an address of Visma's",
        )),
    }
}

/// The answer to an update: 204 and the new ETag.
#[must_use]
pub fn read_update(reply: &Response<Bytes>, now: SystemTime) -> Answer {
    if reply.status().is_success() {
        return Answer::Accepted { number: None, etag: Etag::of(reply.headers()) };
    }
    Answer::Failed(failure(reply, now))
}

/// The answer to a delete: 204; 404 when it is gone already.
#[must_use]
pub fn read_delete(reply: &Response<Bytes>, now: SystemTime) -> Answer {
    match reply.status() {
        status if status.is_success() => Answer::Accepted { number: None, etag: None },
        StatusCode::NOT_FOUND => Answer::Unchanged,
        _ => Answer::Failed(failure(reply, now)),
    }
}

/// The answer to an action: 200 and what became of it, so far. A release goes on in the background after it.
///
/// # Errors
/// Any other answer.
pub fn read_action(reply: &Response<Bytes>, now: SystemTime) -> Result<Action, Failure> {
    if !reply.status().is_success() {
        return Err(failure(reply, now));
    }
    let said: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("actionResult").to_lowercase().as_str() {
        "failed" => Ok(Action::Failed(text("errorInfo"))),
        "done" => Ok(Action::Done),
        _ => Ok(Action::Begun),
    }
}

/// How far an action has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Done.
    Done,
    /// Taken on.
    Begun,
    /// It came to nothing; Visma's words.
    Failed(String),
}

/// A record and its version.
///
/// # Errors
/// Any other answer.
pub fn read_record(reply: &Response<Bytes>, now: SystemTime) -> Result<(Value, Option<Etag>), Failure> {
    let record = json(reply, now)?;
    if !record.is_object() {
        return Err(unknown(reply, "a record was asked for and the reply is none"));
    }
    let etag =
        Etag::of(reply.headers()).or_else(|| record.get("timeStamp").and_then(Value::as_str).and_then(Etag::parse));
    Ok((record, etag))
}

/// One page of a list, or a list that comes whole, as rows of text.
///
/// # Errors
/// Any other answer.
pub fn read_rows(reply: &Response<Bytes>, now: SystemTime) -> Result<Page<Row>, Failure> {
    ok(reply, now)?;
    Page::read(reply.body()).map_err(|_| unknown(reply, "a list was asked for and the reply is none"))
}

/// A record that was asked for by its number, as the row that its list would show.
///
/// # Errors
/// Any other answer.
pub fn read_row(reply: &Response<Bytes>, now: SystemTime) -> Result<Row, Failure> {
    ok(reply, now)?;
    Row::alone(reply.body().clone()).ok_or_else(|| unknown(reply, "the reply is no text"))
}

/// As [`read_rows`], of lists that are short enough to be held as values.
///
/// # Errors
/// Any other answer.
pub fn read_page(reply: &Response<Bytes>, now: SystemTime) -> Result<Page<Value>, Failure> {
    let page = read_rows(reply, now)?;
    page.each(|row| serde_json::from_str(row.text())).map_err(|_| unknown(reply, "the reply is not JSON"))
}

fn json(reply: &Response<Bytes>, now: SystemTime) -> Result<Value, Failure> {
    ok(reply, now)?;
    serde_json::from_slice(reply.body()).map_err(|_| unknown(reply, "the reply is not JSON"))
}

fn ok(reply: &Response<Bytes>, now: SystemTime) -> Result<(), Failure> {
    if reply.status() == StatusCode::OK { Ok(()) } else { Err(failure(reply, now)) }
}

/// Where a redirect points.
fn redirected(headers: &HeaderMap) -> String {
    let place = headers.get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or("nowhere");
    // What stands in a query is not for a log.
    format!("redirected to {}", place.split(['?', '#']).next().unwrap_or_default())
}

fn unknown(reply: &Response<Bytes>, why: &'static str) -> Failure {
    Failure::Unknown { status: reply.status(), why, retry_after: None, said: Said::read(reply.headers(), reply.body()) }
}

fn failure(reply: &Response<Bytes>, now: SystemTime) -> Failure {
    let (status, headers) = (reply.status(), reply.headers());
    let said = Said::read(headers, reply.body());
    let retry_after = rate::retry_after(headers, now);
    match status {
        StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => Failure::Stale { said },
        StatusCode::TOO_MANY_REQUESTS => {
            let window = || rate::Window::of(headers).filter(|window| window.remaining == 0)?.reset;
            Failure::Busy { retry_after: retry_after.or_else(window).unwrap_or(UNNAMED_PAUSE), said }
        }
        StatusCode::UNAUTHORIZED => Failure::Unauthorised { said },
        StatusCode::FORBIDDEN => Failure::Forbidden { said },
        StatusCode::NOT_FOUND | StatusCode::GONE => Failure::NotFound { said },
        // Somebody gave up waiting for somebody: whoever it was, the request may have gone through.
        StatusCode::REQUEST_TIMEOUT => Failure::Unknown { status, why: "the request timed out", retry_after, said },
        StatusCode::INTERNAL_SERVER_ERROR if said.structured => {
            Failure::Broken { status, refusal: Refusal::of(&said.message), said }
        }
        // Not followed: another host gets no token.
        status if status.is_redirection() => {
            Failure::Refused { status, refusal: Refusal::Redirected, said: said.or(&redirected(headers)) }
        }
        status if status.is_client_error() => Failure::Refused { status, refusal: Refusal::of(&said.message), said },
        status if status.is_server_error() => Failure::Unknown {
            status,
            why: "from a gateway or server, not from Visma's application",
            retry_after,
            said,
        },
        status => Failure::Unknown { status, why: "this answer is not known for this call", retry_after, said },
    }
}

/// The last segment of `Location`'s path, where that is an address of what was created. The host may be another of
/// Visma's than the one that was asked, and the version of the path too; the key may stand as `b64(…)` or escaped.
fn location_number(headers: &HeaderMap, sent_to: &Uri) -> Option<String> {
    use base64::Engine as _;
    use base64::alphabet::URL_SAFE;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    let location: Uri = headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
    let is_visma = |host: &str| host == VISMA || host.strip_suffix(VISMA).is_some_and(|below| below.ends_with('.'));
    let asked = sent_to.host().unwrap_or_default();
    if location.host().is_some_and(|host| !host.eq_ignore_ascii_case(asked) && !is_visma(&host.to_lowercase())) {
        return None;
    }
    if location.path().starts_with("//") {
        return None; // It names a host, too (RFC 3986, section 4.2).
    }
    let (before, last) = location.path().trim_end_matches('/').rsplit_once('/')?;
    let (created, list) = (before.rsplit('/').next()?, sent_to.path().rsplit('/').next()?);
    if last.is_empty() || !created.eq_ignore_ascii_case(list) {
        return None;
    }
    let key = percent_encoding::percent_decode_str(last).decode_utf8().ok()?.into_owned();
    let Some(encoded) = key.strip_prefix("b64(").and_then(|rest| rest.strip_suffix(')')) else {
        return Some(key).filter(|key| is_number(key));
    };
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&URL_SAFE, lenient).decode(encoded).ok()?;
    String::from_utf8(bytes).ok().filter(|key| is_number(key))
}

/// True when a text can be the number of a record: Visma's are of 15 to 30 letters and digits; a company's own may hold
/// other characters. Any other text is believed to name nothing, and the document is looked up by our reference.
fn is_number(key: &str) -> bool {
    (1..=60).contains(&key.chars().count()) && !key.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;

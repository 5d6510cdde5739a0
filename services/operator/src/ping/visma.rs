//! Turns Visma's answers into steps of a ping.

use ::visma::rate::Window;
use ::visma::refusal::Refusal;
use ::visma::reply::{Failure, read_page};
use bytes::Bytes;
use http::{HeaderMap, Response};
use jiff::Timestamp;
use pipeline::vendor::CallError;
use problem::{Code, Problem};
use serde_json::Value;

use super::{Side, Step, no_answer, unanswered};

const SIDE: Side = Side::Visma;
/// A window of which less than this is left is told of, percent.
const LITTLE: u64 = 10;

/// The first call, for the list of branches: whether there is a token, and which company it opens. A wrong company is
/// answered by some tenants with 200 and an empty list.
pub fn company(answer: &Result<Response<Bytes>, CallError>, tenant: &str, now: Timestamp) -> Vec<Step> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) => return vec![Step::ends(SIDE, "token", unanswered(SIDE, e))],
    };
    let failure = match read_page(answer, now.into()) {
        Ok(page) => {
            let token = Step::fine(SIDE, "token", format!("token issued for the tenant {tenant}"));
            return vec![token, shown(&page.rows)];
        }
        Err(failure) => failure,
    };
    let (code, remedy) = (failure.code(), failure.what_to_do());
    let problem = Problem::new(code, failure.to_string(), remedy);
    let given = Step::fine(SIDE, "token", format!("token issued for the tenant {tenant}"));
    match failure {
        // The customer's tenant gets a token that opens nothing.
        Failure::Unauthorised { .. } => vec![given, Step::ends(SIDE, "tenant", problem)],
        Failure::Refused { refusal: Refusal::Company | Refusal::Licence, .. } => {
            vec![given, Step::ends(SIDE, "company", problem)]
        }
        Failure::Forbidden { .. } => {
            let said = "the company's name is not known: the integration may not read branches";
            vec![given, Step::notice(SIDE, "company", said, remedy)]
        }
        Failure::NotFound { .. } | Failure::Refused { .. } => vec![given, Step::ends(SIDE, "company", problem)],
        Failure::Busy { .. } | Failure::Stale { .. } | Failure::Broken { .. } | Failure::Unknown { .. } => {
            vec![given, Step::ends(SIDE, "company", no_answer(SIDE, &problem.sentence))]
        }
    }
}

/// The company by its branches.
fn shown(branches: &[Value]) -> Step {
    let text = |row: &Value, key: &str| match row.get(key) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let names: Vec<String> = branches
        .iter()
        .map(|row| {
            let (number, name, id) = (text(row, "number"), text(row, "name"), text(row, "corporateId"));
            let id = if id.is_empty() { String::new() } else { format!(", organisation number {id}") };
            format!("{name} (branch {number}{id})")
        })
        .collect();
    if names.is_empty() {
        return Step::ends(
            SIDE,
            "company",
            Problem::new(
                Code::VismaCompanyEmpty,
                "Visma shows a company without branches, which does not exist: visma.company_id is wrong or missing",
                "set visma.company_id to the number of the company in Visma, or leave it empty if the tenant has one company",
            ),
        );
    }
    Step::fine(SIDE, "company", names.join("; "))
}

/// Checks that a list may be read; `serves` says what for. A failure is only a notice if nothing switched on needs it.
pub fn resource(
    name: &str,
    serves: &str,
    needed: bool,
    answer: &Result<Response<Bytes>, CallError>,
    now: Timestamp,
) -> Step {
    let step = match answer {
        Err(e) => Step::failed(SIDE, name, unanswered(SIDE, e)),
        Ok(answer) => match read_page(answer, now.into()) {
            Ok(page) => {
                let rows = page.total.map_or_else(|| page.rows.len().to_string(), |total| total.to_string());
                Step::fine(SIDE, name, format!("readable (needed {serves}); {rows} records"))
            }
            Err(failure) => {
                let sentence = format!("not readable, and needed {serves}: {failure}");
                Step::failed(SIDE, name, Problem::new(failure.code(), sentence, failure.what_to_do()))
            }
        },
    };
    if needed { step } else { step.softened() }
}

/// How many calls are left, by the headers of an answer.
pub fn window(headers: &HeaderMap) -> Step {
    let Some(Window { limit, remaining, reset }) = Window::of(headers) else {
        return Step::unknown(SIDE, "rate window", "Visma does not tell its call limit");
    };
    let until = reset.map_or_else(String::new, |reset| format!("; it resets in {}", super::minutes(reset.as_secs())));
    let said = format!("{remaining} of {limit} calls are left{until}");
    if remaining.saturating_mul(100) < limit.saturating_mul(LITTLE) {
        let remedy = "nothing while the services are busy; otherwise find who else uses this client, or ask Visma for a higher limit";
        return Step::notice(SIDE, "rate window", said, remedy);
    }
    Step::fine(SIDE, "rate window", said)
}

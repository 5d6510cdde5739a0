//! Trying credentials: a token, and one call that costs little and proves that we are let in.

use pipeline::budget::Class;
use pipeline::clock;
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use pipeline::vault::credentials::Fields;
use pipeline::vendor::CallError;

use crate::cli::VendorName;
use crate::settings::Settings;
use crate::vendors;

/// Tries the settings with `fields` in what they leave empty. The answer says what was seen.
///
/// # Errors
/// Why the vendor does not let us in, or cannot be asked.
pub(super) async fn run(
    settings: &Settings,
    vendor: VendorName,
    fields: &Fields,
    context: &Context,
) -> Result<String, Problem> {
    match vendor {
        VendorName::Visma => visma(settings, fields, context).await,
        VendorName::Commerce => commerce(settings, fields, context).await,
    }
}

async fn visma(settings: &Settings, fields: &Fields, context: &Context) -> Result<String, Problem> {
    let (vendor, company) = vendors::visma_with(&settings.visma, fields, context).await?;
    let request = company.branches().map_err(|e| not_tried("Visma", &chain(&e)))?;
    let answer = vendor.call(Class::Document, &request).await.map_err(|e| uncalled("Visma", e))?;
    vendors::shown(&answer)?;
    match answer.status().is_success() {
        true => Ok("Visma gives a token and shows the company".to_owned()),
        // Rights differ from credentials: it was let in, and may not see branches.
        false => Ok(format!("Visma gives a token; asked for the company's branches it answers {}", answer.status())),
    }
}

async fn commerce(settings: &Settings, fields: &Fields, context: &Context) -> Result<String, Problem> {
    use ::commerce::reply::Answer;
    let (vendor, base) = vendors::commerce_with(&settings.commerce, fields, context).await?;
    let request = ::commerce::requests::store_views(&base).map_err(|e| not_tried("Commerce", &chain(&e)))?;
    let answer = vendor.call(Class::Document, &request).await.map_err(|e| uncalled("Commerce", e))?;
    let refused = |message: String| {
        let remedy = "compare the credentials with those of the integration or account in Commerce, and its rights";
        Problem::new("CREDENTIALS_REFUSED", format!("Commerce does not let us in: {message}"), remedy)
    };
    match Answer::read(&answer, clock::now()) {
        Answer::Ok(_) => Ok("Commerce lets us in and shows its store views".to_owned()),
        Answer::Unauthorised { message } | Answer::NonceRefused { message } => Err(refused(message)),
        Answer::Refused { status, message } => Err(refused(format!("{status} {message}"))),
        Answer::NotFound { message } => Err(refused(message)),
        Answer::BusyUntil { message, .. } | Answer::Broken { message, .. } => Err(not_tried("Commerce", &message)),
    }
}

fn uncalled(who: &str, error: CallError) -> Problem {
    match error {
        CallError::Credentials(problem) => problem,
        other => not_tried(who, &other.to_string()),
    }
}

fn not_tried(who: &str, why: &str) -> Problem {
    let remedy = "try again when it answers; nothing was changed";
    Problem::new("CREDENTIALS_NOT_TRIED", format!("{who} could not be asked: {why}"), remedy)
}

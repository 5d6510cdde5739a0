//! Testing credentials: a token, and one cheap call that proves that the vendor accepts them; for webhooks a call to
//! our own port.

use std::time::Duration;

use ::commerce::webhook::{MIN_SECRET, Verifier};
use bytes::Bytes;
use http::{Request, StatusCode};
use ingestor::commerce::{Encoding, Webhook};
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::http::Http;
use pipeline::secret::Secret;
use pipeline::service::Context;
use pipeline::vault::credentials::Fields;
use pipeline::vendor::CallError;
use problem::{Code, Problem, chain};
use secrecy::SecretString;

use crate::cli::Keeping;
use crate::settings::Settings;
use crate::vendors;
use crate::vendors::kept::fill_webhook;

/// How long our own door may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Body of a webhook that names no record.
const BODY: &[u8] = b"{}";

/// Tries the settings with `fields` in what they leave empty. The answer says what was seen.
///
/// # Errors
/// Why the vendor does not let us in, or cannot be asked.
pub(super) async fn run(
    settings: &Settings,
    vendor: Keeping,
    fields: &Fields,
    context: &Context,
) -> Result<String, Problem> {
    match vendor {
        Keeping::Visma => visma(settings, fields, context).await,
        Keeping::Commerce => commerce(settings, fields, context).await,
        Keeping::Webhook => webhook(&settings.commerce.webhook, fields).await,
    }
}

/// Tries `fields` themselves, also where the settings have the same and win: whoever replaces credentials asks whether
/// these are good, and not those that stand in a file.
///
/// # Errors
/// As [`run`].
pub(super) async fn these(
    settings: &Settings,
    vendor: Keeping,
    fields: &Fields,
    context: &Context,
) -> Result<String, Problem> {
    let mut bare = settings.clone();
    for name in fields.names() {
        match (vendor, name) {
            (Keeping::Visma, "client_id") => bare.visma.client_id.clear(),
            (Keeping::Visma, "client_secret") => bare.visma.client_secret = Secret::default(),
            (Keeping::Visma, "tenant_id") => bare.visma.tenant_id.clear(),
            (Keeping::Commerce, "consumer_key") => bare.commerce.consumer_key.clear(),
            (Keeping::Commerce, "consumer_secret") => bare.commerce.consumer_secret = Secret::default(),
            (Keeping::Commerce, "access_token") => bare.commerce.access_token = Secret::default(),
            (Keeping::Commerce, "access_token_secret") => bare.commerce.access_token_secret = Secret::default(),
            (Keeping::Commerce, "admin_token.username") => bare.commerce.admin_token.username.clear(),
            (Keeping::Commerce, "admin_token.password") => bare.commerce.admin_token.password = Secret::default(),
            (Keeping::Commerce, "ims.client_secret") => bare.commerce.ims.client_secret = Secret::default(),
            _ => {}
        }
    }
    run(&bare, vendor, fields, context).await
}

/// Checks that the secret of webhooks is long enough, and returns a sentence for the person.
///
/// # Errors
/// `CREDENTIALS_REFUSED` when it is too short.
pub(super) fn secret(fields: &Fields) -> Result<String, Problem> {
    let bytes = fields.get("secret").map_or(0, |secret| secret.expose().len());
    if bytes < MIN_SECRET {
        let sentence =
            format!("the secret has {bytes} bytes and needs at least {MIN_SECRET}: a shorter one can be guessed");
        let remedy = "make one with `openssl rand -hex 32`";
        return Err(Problem::new(Code::CredentialsRefused, sentence, remedy));
    }
    Ok(format!(
        "the secret has {bytes} bytes; webhooks signed with it are accepted from now on. Now give it to their sender"
    ))
}

/// Posts to our own door what names no record, signed: it must believe it, and then find nothing in it.
async fn webhook(settings: &Webhook, fields: &Fields) -> Result<String, Problem> {
    let (kept, _) = fill_webhook(settings, fields);
    let remedy = "set commerce.webhook.listen, and the secret with `ml-connector credentials set webhook`";
    if settings.listen.is_empty() || kept.is_empty() {
        let sentence = "no port is open for webhooks, or there is no secret";
        return Err(Problem::new(Code::CredentialsNotTried, sentence, remedy));
    }
    let encoding = match settings.encoding {
        Encoding::Hex => ::commerce::webhook::Encoding::Hex,
        Encoding::Base64 => ::commerce::webhook::Encoding::Base64,
    };
    let clear = SecretString::from(kept.expose().as_str());
    let signer = Verifier::new(&clear, &settings.header, encoding, Some(settings.prefix.clone()));
    let signed = signer.map_err(|e| not_tried("our webhook port", &chain(&e)))?.signature(BODY);
    let request = Request::post(format!("http://{}{}", settings.listen, settings.path))
        .header(&settings.header, signed)
        .header("content-type", "application/json")
        .body(Bytes::from_static(BODY));
    let request = request.map_err(|e| not_tried("our webhook port", &e.to_string()))?;
    let answer = Http::seldom(PATIENCE, 64 * 1024)?.send(request).await;
    let answer = answer.map_err(|e| not_tried("our webhook port", &e.to_string()))?;
    match answer.status() {
        StatusCode::BAD_REQUEST => Ok("our webhook port accepts what is signed with the secret".to_owned()),
        StatusCode::UNAUTHORIZED => {
            let sentence = "our webhook port refuses what is signed with the secret";
            let remedy = "start ingestor-commerce with the same settings as this verb; it may have a secret of its own";
            Err(Problem::new(Code::CredentialsRefused, sentence, remedy))
        }
        other => Err(not_tried("our webhook port", &format!("it answers {other}"))),
    }
}

async fn visma(settings: &Settings, fields: &Fields, context: &Context) -> Result<String, Problem> {
    let (vendor, company) = vendors::visma_with(&settings.visma, fields, context).await?;
    let request = company.branches().map_err(|e| not_tried("Visma", &chain(&e)))?;
    let answer = vendor.call(Class::Document, &request).await.map_err(|e| uncalled("Visma", e))?;
    vendors::shown(&answer)?;
    match answer.status().is_success() {
        true => Ok("Visma issues a token and shows the company".to_owned()),
        // Rights differ from credentials: it was let in, and may not see branches.
        false => Ok(format!(
            "Visma issues a token; to the request for the company's branches it answers {}",
            answer.status()
        )),
    }
}

async fn commerce(settings: &Settings, fields: &Fields, context: &Context) -> Result<String, Problem> {
    use ::commerce::reply::Answer;
    let (vendor, base) = vendors::commerce_with(&settings.commerce, fields, context).await?;
    let request = ::commerce::requests::store_views(&base).map_err(|e| not_tried("Commerce", &chain(&e)))?;
    let answer = vendor.call(Class::Document, &request).await.map_err(|e| uncalled("Commerce", e))?;
    let refused = |message: String| {
        let remedy = "compare the credentials with those of the integration or account in Commerce, and its rights";
        Problem::new(Code::CredentialsRefused, format!("Commerce refuses the credentials: {message}"), remedy)
    };
    match Answer::read(&answer, clock::now()) {
        Answer::Ok(_) => Ok("Commerce accepts the credentials and shows its store views".to_owned()),
        Answer::Unauthorised { message } | Answer::NonceRefused { message, .. } => Err(refused(message)),
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
    let remedy = "repeat it when it answers; nothing was changed";
    Problem::new(Code::CredentialsNotTried, format!("{who} could not be asked: {why}"), remedy)
}

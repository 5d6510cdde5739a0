//! The two vendors' APIs, put together from the settings: the one place that knows both what a vendor wants (the pure
//! crates) and how calls are made (`pipeline::vendor`).

mod commerce;
pub mod kept;

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::Response;
use ingestor::commerce::{Secrets, Webhook};
use pipeline::budget::{Budget, Class, Window};
use pipeline::clock;
use pipeline::http::Http;
use pipeline::id::derived_id;
use pipeline::identity::until_same;
use pipeline::retry::Schedule;
use pipeline::secret::Secret;
use pipeline::service::Context;
use pipeline::token::{Grant, Tokens};
use pipeline::vault::credentials::Fields;
use pipeline::vendor::{Api, Auth, CallError, Vendor};
use problem::{Code, Problem, chain};
use visma::refusal::Refusal;
use visma::reply::{Failure, read_page};
use visma::requests::Company;
use visma::token::{TENANT_PARAMETER, TokenRefusal};

pub use commerce::{commerce, commerce_with};
use kept::{Kept, fill_visma};

use crate::identity::Tenant;
use crate::settings::{Commerce, Visma};

/// Visma.net with client credentials of Visma Connect, and the company that requests are built for. What the settings
/// leave empty of the credentials is the vault's, and is followed there.
///
/// # Errors
/// `SETTINGS_INCOMPLETE` when a credential is missing, `SETTINGS_INVALID` when the base URL is none.
pub async fn visma(settings: &Visma, context: &Context) -> Result<(Vendor, Company), Problem> {
    let kept = Kept::read(context, VISMA).await?;
    followed(settings, context, kept, None).await
}

/// As [`visma`], for a service: it calls under the tenant that is kept for the connection, and waits for that one.
///
/// # Errors
/// As [`visma`].
pub async fn visma_of_service(settings: &Visma, context: &Context) -> Result<(Vendor, Company), Problem> {
    let tenant = Tenant::open(&context.broker, &context.connection).await?;
    let mut kept = Kept::read(context, VISMA).await?;
    until_same(&context.broker, &context.stop, async || {
        kept = Kept::read(context, VISMA).await?;
        tenant.refused(&fill_visma(settings, &kept.fields()).0.tenant_id).await
    })
    .await?;
    followed(settings, context, kept, Some(tenant)).await
}

async fn followed(
    settings: &Visma,
    context: &Context,
    kept: Kept,
    tenant: Option<Tenant>,
) -> Result<(Vendor, Company), Problem> {
    let (vendor, company) = visma_with(settings, &kept.fields(), context).await?;
    let (settings, http) = (settings.clone(), token_http(settings)?);
    let make = Box::new(move |fields: Fields| {
        let (settings, http, tenant) = (fill_visma(&settings, &fields).0, http.clone(), tenant.clone());
        async move {
            let taken = match tenant {
                Some(tenant) => tenant.refused(&settings.tenant_id).await?,
                None => None,
            };
            taken.map_or_else(|| visma_auth(&settings, &http), Err)
        }
        .boxed()
    });
    kept.follow(context, &vendor, make).await;
    vendor.follow_budget(&context.broker, context.stop.clone());
    Ok((vendor, company))
}

/// Keeps the tenant of the credentials in force, under which Visma has shown the company.
///
/// # Errors
/// `CONNECTION_TAKEN` when another one is kept.
pub async fn keep_tenant(settings: &Visma, context: &Context) -> Result<(), Problem> {
    if context.stop.is_cancelled() {
        return Ok(());
    }
    let fields = Kept::read(context, VISMA).await?.fields();
    let tenant = Tenant::open(&context.broker, &context.connection).await?;
    tenant.keep(&fill_visma(settings, &fields).0.tenant_id).await
}

/// The name of Visma's credentials in the vault.
pub const VISMA: &str = "visma";
/// The name of Commerce's.
pub const COMMERCE: &str = "commerce";
/// The name of the secret that webhooks are signed with.
pub const WEBHOOK: &str = "webhook";

/// The secrets of webhooks: the settings', or else what the vault keeps, as that changes.
///
/// # Errors
/// When the vault cannot be read.
pub async fn webhook_secrets(settings: &Webhook, context: &Context) -> Result<Secrets, Problem> {
    Ok(Kept::read(context, WEBHOOK).await?.follow_webhooks(context, settings).await)
}

/// Longer than any number of Visma's: to delete it tries whether writes get through, and changes nothing.
const NOBODYS: &str = "ml-connector-tries-whether-writes-get-through";

/// As [`visma`], under `fields` alone.
///
/// # Errors
/// As [`visma`].
pub async fn visma_with(settings: &Visma, fields: &Fields, context: &Context) -> Result<(Vendor, Company), Problem> {
    let company = Company::new(&settings.base_url, Some(&settings.company_id), None)
        .map_err(|e| Problem::new(Code::SettingsInvalid, chain(&e), "correct visma.base_url and visma.company_id"))?;
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    let api = Api {
        auth: visma_auth(&fill_visma(settings, fields).0, &token_http(settings)?)?,
        read_window: |headers| {
            let window = ::visma::rate::Window::of(headers)?;
            Some(Window { limit: window.limit, remaining: window.remaining, reset: window.reset })
        },
        read_retry_after: |headers, now| ::visma::rate::retry_after(headers, now.into()),
        probe_wait: settings.create.probe_wait.0,
        trial: company.delete_invoice(NOBODYS, None).ok(),
    };
    let owner = company_key(&fill_visma(settings, fields).0);
    let budget = Budget::open(&context.broker, (VISMA, &owner), settings.budget, settings.timeout.0).await?;
    Ok((Vendor::new(http, budget, api, context.health.clone()), company))
}

/// The company whose window a connection's calls are counted in: connections of one company share its budget.
///
/// # Errors
/// When the vault, which may keep its tenant, cannot be read.
pub(crate) async fn company_of(settings: &Visma, context: &Context) -> Result<String, Problem> {
    if !settings.tenant_id.is_empty() {
        return Ok(company_key(settings));
    }
    let kept = Kept::read(context, VISMA).await?;
    Ok(company_key(&fill_visma(settings, &kept.fields()).0))
}

/// Returns the key that stands for the company that settings name.
pub fn company_key(settings: &Visma) -> String {
    derived_id(&["company", settings.base_url.trim_end_matches('/'), &settings.tenant_id, &settings.company_id])
}

/// The shop whose patience a connection's calls are held against: connections of one shop share it.
pub fn shop_of(settings: &Commerce) -> String {
    derived_id(&["shop", settings.shop()])
}

fn token_http(settings: &Visma) -> Result<Http, Problem> {
    Http::seldom(settings.timeout.0, settings.max_body_bytes)
}

fn visma_auth(settings: &Visma, http: &Http) -> Result<Auth, Problem> {
    required("visma.client_id", &settings.client_id)?;
    required_secret("visma.client_secret", &settings.client_secret)?;
    required("visma.tenant_id", &settings.tenant_id)?;
    let grant = Grant {
        token_url: settings.token_url.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        scopes: settings.scope.split_whitespace().map(str::to_owned).collect(),
        extra: vec![(TENANT_PARAMETER.to_owned(), settings.tenant_id.clone())],
        explain,
    };
    Ok(Auth::Bearer(Box::new(Tokens::new(http.clone(), grant))))
}

/// Waits until Visma shows us the company. A wrong company id is answered by some tenants with 200 and empty lists, and
/// whoever believes them creates every customer anew.
///
/// Only what proves something is waited on: an empty list of branches, refused credentials, a Visma that is away. An
/// answer that proves nothing (no such page, no right to it) lets the service go on, and later calls tell.
///
/// # Errors
/// When the request cannot be built.
pub async fn company_is_shown(context: &Context, vendor: &Vendor, company: &Company) -> Result<(), Problem> {
    let request =
        company.branches().map_err(|e| Problem::new(Code::SettingsInvalid, chain(&e), "correct visma.base_url"))?;
    // Drawn from up to half as much again: a service that started in an outage works half a minute after it.
    let mut schedule = Schedule::new(Duration::from_millis(500), Duration::from_secs(20));
    context.health.not_ready("company", "Visma has not shown the company yet");
    while !context.stop.is_cancelled() {
        let wait = match vendor.call(Class::Poll, &request).await {
            Ok(answer) => match shown(&answer) {
                Ok(()) => break,
                Err(problem) => unshown(context, &problem, &mut schedule),
            },
            Err(CallError::Credentials(problem)) => unshown(context, &problem, &mut schedule),
            Err(CallError::Busy(wait)) => wait,
            Err(e @ (CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate)) => {
                tracing::warn!(error = %e, "Visma could not be asked for the company; trying again");
                context.health.not_ready("company", format!("Visma could not be asked for the company: {e}"));
                schedule.next_wait()
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.stop.cancelled() => {}
        }
    }
    context.health.ready("company");
    Ok(())
}

fn unshown(context: &Context, problem: &Problem, schedule: &mut Schedule) -> Duration {
    tracing::error!(%problem, "Visma does not show the company");
    context.health.not_ready("company", problem.to_string());
    schedule.next_wait()
}

/// Checks by the list of branches that Visma shows the company.
pub(crate) fn shown(answer: &Response<Bytes>) -> Result<(), Problem> {
    let failure = match read_page(answer, clock::now().into()) {
        Ok(page) if page.rows.is_empty() => {
            return Err(Problem::new(
                Code::VismaCompanyEmpty,
                "Visma shows a company without branches, which does not exist: visma.company_id is wrong or missing",
                "set visma.company_id to the number of the company in Visma, or leave it empty if the tenant has one company",
            ));
        }
        Ok(_) => return Ok(()),
        Err(failure) => failure,
    };
    match failure {
        Failure::Unauthorised { .. }
        | Failure::Refused { refusal: Refusal::Company | Refusal::Licence | Refusal::Redirected, .. } => {
            Err(Problem::new(failure.code(), failure.to_string(), failure.what_to_do()))
        }
        Failure::Busy { .. }
        | Failure::Forbidden { .. }
        | Failure::NotFound { .. }
        | Failure::Refused { .. }
        | Failure::Stale { .. }
        | Failure::Broken { .. }
        | Failure::Unknown { .. } => {
            tracing::warn!(answer = %failure, "Visma does not say whether the company is the right one");
            Ok(())
        }
    }
}

fn explain(error: &str, description: &str) -> Problem {
    let said = serde_json::json!({"error": error, "error_description": description}).to_string();
    let refusal = TokenRefusal::read(said.as_bytes());
    Problem::new(refusal.code(), refusal.to_string(), refusal.what_to_do())
}

fn required_secret(key: &str, value: &Secret) -> Result<(), Problem> {
    if value.is_empty() { Err(missing(key)) } else { Ok(()) }
}

fn required(key: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() { Err(missing(key)) } else { Ok(()) }
}

fn missing(key: &str) -> Problem {
    let remedy = "set it in the settings file, or in the environment as ML__SECTION__KEY; credentials also with \
                  `ml-connector credentials set`";
    Problem::new(Code::SettingsIncomplete, format!("{key} is not set"), remedy)
}

//! Commerce's steps: the way, the credentials, the stores, what may be done, webhooks and release.

use ::commerce::entity::Entity;
use ::commerce::requests::{self, Base, RequestError};
use ::commerce::search::{PageSize, Search};
use ::commerce::setup;
use bytes::Bytes;
use http::Request;
use operator::ping::{
    Side, State, Step, attributes, comment_right, credentials, list_right, modules, read_right, stores, version,
};
use pipeline::clock::now;
use pipeline::http::Http;
use problem::{Code, Problem, chain};

use super::{Ended, Trial, call, way};
use crate::bench::Bench;
use crate::settings::{CommerceAuth, refuse_short};
use crate::vendors::WEBHOOK;
use crate::vendors::kept::{Kept, fill_webhook};

pub(super) async fn run(bench: &Bench, trial: &mut Trial) -> Result<(), Ended> {
    let settings = &bench.settings.commerce;
    let (vendor, base) = bench.commerce().await?;
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    way::walk(trial, Side::Commerce, &settings.base_url, &http, true).await?;
    if settings.auth == CommerceAuth::Ims {
        way::walk(trial, Side::Commerce, &settings.ims.token_url, &http, false).await?;
    }
    trial.looking("credentials and stores");
    let views = built(requests::store_views(&base))?;
    for step in stores(&call(&vendor, &views).await, now()) {
        trial.note(step)?;
    }
    trial.looking("rights");
    let mut rights = Vec::new();
    for entity in Entity::ALL {
        let needed = settings.poll.entities.iter().any(|kind| kind.0 == entity);
        let answer = call(&vendor, &built(first(&base, entity))?).await;
        rights.push(read_right(entity, serves(entity), needed, &answer, now()));
    }
    let answer = call(&vendor, &built(setup::comment_that_cannot_be(&base))?).await;
    rights.push(comment_right("to comment on orders", &answer, now()));
    let known = trial.steps.iter().any(|step| step.step == "credentials" && step.state == State::Fine);
    if !known && let Some(step) = credentials(&rights) {
        trial.note(step)?;
    }
    for step in rights {
        trial.note(step)?;
    }
    let first_page = std::num::NonZeroU32::MIN;
    for (name, serves, request) in [
        ("tax rates", "by `mapping init` and `mapping check`", setup::tax_rates(&base, first_page)),
        ("customer groups", "by `mapping init` and `mapping check`", setup::customer_groups(&base, first_page)),
    ] {
        trial.note(list_right(name, serves, &call(&vendor, &built(request)?).await, now()))?;
    }
    let said = "Commerce has no call limit; after a 429 from a proxy in front of it all processes wait";
    trial.note(Step::unknown(Side::Commerce, "rate window", said))?;
    trial.looking("webhooks and release");
    let installed = call(&vendor, &built(setup::modules(&base))?).await;
    trial.note(modules(&installed, now()))?;
    if let Some(step) = webhook_secret(bench).await? {
        trial.note(step)?;
    }
    if !bench.settings.comments.supplier_invoices_attribute.is_empty() {
        trial.note(attributes(&installed, settings.auth == CommerceAuth::Ims, now()))?;
    }
    trial.note(release(&settings.base_url, &http).await)
}

/// The secret of webhooks, where webhooks are received: the settings' or else the vault's.
async fn webhook_secret(bench: &Bench) -> Result<Option<Step>, Problem> {
    let webhook = &bench.settings.commerce.webhook;
    let (secret, _) = fill_webhook(webhook, &Kept::read(&bench.context, WEBHOOK).await?.fields());
    let step = "webhook secret";
    Ok(match (webhook.listen.is_empty(), secret.is_empty(), refuse_short(&secret)) {
        (_, false, Err(problem)) => Some(Step::failed(Side::Commerce, step, problem)),
        (false, false, Ok(())) => Some(Step::fine(Side::Commerce, step, "set, and long enough")),
        (false, true, _) => {
            let said = "none is set here; a module that signs with a shared secret is refused";
            Some(Step::notice(Side::Commerce, step, said, "set it with `ml-connector credentials set webhook`"))
        }
        (true, ..) => None,
    })
}

/// The release is asked for without credentials: it is shown to everybody or to nobody.
async fn release(base_url: &str, http: &Http) -> Step {
    let request = setup::version_address(base_url).and_then(|uri| Request::get(uri).body(Bytes::new()).ok());
    let Some(request) = request else {
        return Step::unknown(Side::Commerce, "version", "SaaS always runs the latest version, and shows no number");
    };
    match http.send(request).await {
        Ok(answer) => version(answer.status(), answer.body()),
        Err(_) => Step::unknown(Side::Commerce, "version", "the shop does not show its version"),
    }
}

fn first(base: &Base, entity: Entity) -> Result<Request<Bytes>, RequestError> {
    requests::records(base, entity, &Search::new(PageSize::new(1)?))
}

fn serves(entity: Entity) -> &'static str {
    match entity {
        Entity::Order => "to book orders",
        Entity::Invoice => "to book invoices and payments",
        Entity::CreditMemo => "to book credit memos",
        Entity::Customer => "to update customers",
    }
}

fn built(request: Result<Request<Bytes>, RequestError>) -> Result<Request<Bytes>, Problem> {
    request.map_err(|e| Problem::new(Code::SettingsInvalid, chain(&e), "correct commerce.base_url"))
}

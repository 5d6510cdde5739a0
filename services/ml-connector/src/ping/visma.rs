//! Visma's steps: the way, the token, the company, what may be read, what is left of the window.

use operator::ping::{Side, Step, company, resource, window};
use pipeline::clock::now;
use pipeline::http::Http;
use problem::{Code, Problem, chain};

use super::{Ended, Trial, call, way};
use crate::bench::Bench;

/// Lists by their path, what reads or writes them, and the poll that makes them needed; without one they always are.
const LISTS: [(&str, &str, Option<&str>); 6] = [
    ("/v1/customer", "to find and create customers", Some("customer")),
    ("/v1/customerinvoice", "to create and look up invoices", None),
    ("/v1/customerCreditNote", "to create and look up credit notes", None),
    ("/v1/customerPayment", "to create payments, if the mapping file has [[payments]]", Some("payment")),
    ("/v1/supplierInvoice", "to comment supplier invoices on orders", Some("supplierinvoice")),
    ("/v1/purchaseorder", "to find the order of a supplier invoice", Some("purchaseorder")),
];

pub(super) async fn run(bench: &Bench, trial: &mut Trial) -> Result<(), Ended> {
    let settings = bench.visma_settings().await?;
    let (vendor, company_at) = bench.visma().await?;
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    way::walk(trial, Side::Visma, &settings.base_url, &http, true).await?;
    if host(&settings.token_url) != host(&settings.base_url) {
        way::walk(trial, Side::Visma, &settings.token_url, &http, false).await?;
    }
    let unbuilt = |e: &dyn std::error::Error| Problem::new(Code::SettingsInvalid, chain(e), "correct visma.base_url");
    trial.looking("token and company");
    let branches = company_at.branches().map_err(|e| unbuilt(&e))?;
    let answer = call(&vendor, &branches).await;
    for step in company(&answer, &settings.tenant_id, now()) {
        trial.note(step)?;
    }
    let mut headers = answer.map(|answer| answer.headers().clone()).unwrap_or_default();
    trial.looking("rights");
    for (path, serves, poll) in LISTS {
        let request = company_at.first_of(path).map_err(|e| unbuilt(&e))?;
        let answer = call(&vendor, &request).await;
        let needed = poll.is_none_or(|poll| settings.poll.entities.iter().any(|kind| kind.name() == poll));
        let name = path.rsplit('/').next().unwrap_or(path);
        trial.note(resource(name, serves, needed, &answer, now()))?;
        if let Ok(answer) = answer {
            headers = answer.headers().clone();
        }
    }
    let said = "write access is not tested: a test would create a document";
    trial.note(Step::unknown(Side::Visma, "writing", said))?;
    trial.note(window(&headers))?;
    let said = "Visma does not tell its version; this program uses /v1 and /v2 of the API as described in 2026";
    trial.note(Step::unknown(Side::Visma, "version", said))
}

fn host(address: &str) -> Option<String> {
    url::Url::parse(address).ok()?.host_str().map(str::to_owned)
}

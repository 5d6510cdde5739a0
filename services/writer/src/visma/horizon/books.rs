//! Documents that Visma holds under our references; each list of them is read to its end.

use std::time::Duration;

use ::visma::list::{Page, Pager, Turn};
use ::visma::read::{CustomerRead, CustomerStatus, InvoiceRead, PaymentRead, ReadError};
use ::visma::reply::{Failure, read_page};
use ::visma::requests::{Company, List, RequestError, Rows};
use ::visma::search::{Candidate, CreditNoteRow};
use ::visma::stamp::Stamp;
use bytes::Bytes;
use http::Request;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::vault::Vault;
use pipeline::vendor::{CallError, Vendor};
use problem::{Code, Problem, chain};
use proto::matching::Marks;
use serde_json::Value;

use super::Kind;
use crate::visma::customers::Customers;

/// Rows a page, and pages at most.
const MANY: u32 = 500;
const MANY_PAGES: u32 = 2_000;
/// How long it waits when a page could not be had.
const AWAY: Duration = Duration::from_secs(2);

/// Visma, as far as it is asked here.
#[derive(Debug, Clone)]
pub(super) struct Books {
    pub(super) vendor: Vendor,
    pub(super) company: Company,
    /// The text that our references begin with.
    pub(super) prefix: String,
}

/// Documents under our references: reference and number.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) rows: Vec<(String, String)>,
    /// The list stood still while it was read: what is not in it is not there.
    pub(super) settled: bool,
}

impl Books {
    /// Our documents of one kind that were created since `since`; payments: that were modified since.
    pub(super) async fn held(&self, kind: Kind, since: Stamp) -> Result<Held, Problem> {
        let company = &self.company;
        let held = match kind {
            Kind::Invoice => {
                let request = |page| company.invoices_created_since(since, page, MANY);
                self.keys(InvoiceRead::read, request).await?
            }
            Kind::CreditNote => {
                let request = |page| company.credit_notes_created_since(since, page, MANY);
                self.keys(CreditNoteRow::read, request).await?
            }
            Kind::Payment => {
                let request = |page| company.payments_modified_since(since, page, MANY);
                self.keys(PaymentRead::read, request).await?
            }
            Kind::Customer => Held::default(),
        };
        Ok(held)
    }

    /// Puts every customer that was modified since `since` into the view.
    pub(super) async fn customers(&self, since: Stamp, vault: &Vault, view: &Customers) -> Result<(), Problem> {
        let request = |page| self.company.list(List::Customers, Rows::ModifiedSince(since), page, MANY);
        // One that is not shown because the list moved was modified a moment ago, and the next poll reads it.
        let (rows, _) = self.rows(CustomerRead::read, request, false).await?;
        for row in rows {
            let CustomerRead { number, internal_id, email, corporate_id, vat_registration_id, country, status, .. } =
                row;
            let (corporate, vat) = (corporate_id.as_deref(), vat_registration_id.as_deref());
            let marks = Marks::of(email.as_deref(), corporate, vat, country.as_deref());
            let marks = marks.hashed(|purpose, text| vault.keyed_hash(purpose, text));
            let internal = internal_id.map(|id| id.to_string());
            view.listed(&number, internal.as_deref(), &marks, status == CustomerStatus::Inactive);
        }
        Ok(())
    }

    async fn keys<T: Candidate>(
        &self,
        read: fn(&Value) -> Result<T, ReadError>,
        request: impl Fn(u32) -> Result<Request<Bytes>, RequestError>,
    ) -> Result<Held, Problem> {
        let (rows, settled) = self.rows(read, request, true).await?;
        let ours = rows.into_iter().filter_map(|row| {
            let reference = row.key().filter(|reference| reference.starts_with(&self.prefix))?;
            Some((reference, row.number().to_owned()))
        });
        let mut rows: Vec<_> = ours.collect();
        // A row that moved between pages is read twice.
        rows.sort_unstable();
        rows.dedup();
        Ok(Held { rows, settled })
    }

    /// Reads a list to its end; whether it stood still.
    async fn rows<T>(
        &self,
        read: fn(&Value) -> Result<T, ReadError>,
        request: impl Fn(u32) -> Result<Request<Bytes>, RequestError>,
        of_ours: bool,
    ) -> Result<(Vec<T>, bool), Problem> {
        let mut pager = Pager::new(MANY_PAGES);
        let mut rows = Vec::new();
        loop {
            let request = request(pager.page()).map_err(|e| unread(&chain(&e)))?;
            let page = self.page(&request, read, of_ours).await?;
            let turn = pager.take(&page);
            rows.extend(page.rows.into_iter().flatten());
            match turn {
                Turn::Fetch(_) => {}
                Turn::Drained { settled } => return Ok((rows, settled)),
                Turn::TooLong => return Ok((rows, false)),
            }
        }
    }

    /// A row; none where it cannot be read and is nobody's business here: with `of_ours`, where it does not name us.
    fn row<T>(
        &self,
        row: &Value,
        read: fn(&Value) -> Result<T, ReadError>,
        of_ours: bool,
    ) -> Result<Option<T>, ReadError> {
        match read(row) {
            Ok(read) => Ok(Some(read)),
            Err(e) if of_ours && row.to_string().contains(&self.prefix) => Err(e),
            Err(e) => {
                tracing::warn!(error = %chain(&e), "a row of Visma's list cannot be read; it is left out");
                Ok(None)
            }
        }
    }

    /// One page; waits for the window, and gives up for now where no answer can be had.
    async fn page<T>(
        &self,
        request: &Request<Bytes>,
        read: fn(&Value) -> Result<T, ReadError>,
        of_ours: bool,
    ) -> Result<Page<Option<T>>, Problem> {
        loop {
            let wait = match self.vendor.call(Class::Document, request).await {
                Ok(response) => match read_page(&response, clock::now().into()) {
                    Ok(page) => {
                        let read = page.each(|row| self.row(row, read, of_ours));
                        return read.map_err(|e| unread(&chain(&e)));
                    }
                    Err(Failure::Busy { retry_after, .. }) => retry_after,
                    Err(failure) => return Err(unread(&chain(&failure))),
                },
                Err(CallError::Busy(wait)) => wait,
                Err(e) => return Err(unread(&chain(&e))),
            };
            tokio::time::sleep(wait.max(AWAY / 20)).await;
        }
    }
}

fn unread(why: &str) -> Problem {
    let sentence = format!("Visma could not be asked which documents it holds under our references: {why}");
    Problem::new(Code::VismaUnreadable, sentence, "it is asked again; no document is created before it answers")
}

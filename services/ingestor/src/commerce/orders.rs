//! Reading orders over REST and recording them as changes.

use std::time::Duration;

use ::commerce::page::{OrderRow, OrdersPage};
use ::commerce::reply::{Answer, server_time};
use ::commerce::requests::{self, Base, RequestError};
use ::commerce::search::Search;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::envelope::Cause;
use pipeline::problem::{Problem, chain};
use pipeline::retry::Schedule;
use pipeline::vendor::{CallError, Vendor};

use crate::changes::{Changes, Reading, Recorded};
use crate::records;

/// Attempts at one reading before it is left for the next poll, or the next delivery of its hint.
const ATTEMPTS: u32 = 4;

/// Why nothing was read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Try again after this time.
    Later(Duration, String),
    /// The record does not exist, or not yet.
    NotFound,
    /// A person must act: credentials, rights, a wrong base URL, a shop that answers nonsense.
    Stop(Problem),
}

/// Orders of one shop.
#[derive(Debug)]
pub(super) struct Orders {
    vendor: Vendor,
    base: Base,
    changes: Changes,
}

impl Orders {
    /// Orders behind a REST base.
    pub(super) fn new(vendor: Vendor, base: Base, changes: Changes) -> Self {
        Self { vendor, base, changes }
    }

    /// The shop's clock; asking for it also shows whether the credentials are taken.
    pub(super) async fn server_time(&self) -> Result<Timestamp, ReadError> {
        let (_, time) = self.get(requests::store_views(&self.base), Class::Poll).await?;
        Ok(time)
    }

    /// One page of a scan, and the shop's clock when it answered.
    pub(super) async fn page(&self, search: &Search) -> Result<(OrdersPage, Timestamp), ReadError> {
        let (body, time) = self.get(requests::orders(&self.base, search), Class::Poll).await?;
        Ok((OrdersPage::decode(&body).map_err(|e| nonsense(&e))?, time))
    }

    /// One order by its database id.
    pub(super) async fn by_id(&self, entity_id: u64) -> Result<OrderRow, ReadError> {
        let (body, _) = self.get(requests::order(&self.base, entity_id), Class::Document).await?;
        let text = std::str::from_utf8(&body).map_err(|e| nonsense(&e))?;
        OrderRow::decode(text).map_err(|e| nonsense(&e))
    }

    /// One order by the number that people see; several of one number are none.
    pub(super) async fn by_increment_id(&self, increment_id: &str) -> Result<OrderRow, ReadError> {
        let request = requests::order_by_increment_id(&self.base, increment_id);
        let (body, _) = self.get(request, Class::Document).await?;
        let mut page = OrdersPage::decode(&body).map_err(|e| nonsense(&e))?;
        match (page.items.pop(), page.items.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(ReadError::NotFound),
        }
    }

    /// Records an order that was just read.
    ///
    /// # Errors
    /// When the broker does not do its part.
    pub(super) async fn record(&self, row: OrderRow, cause: Cause) -> Result<Recorded, Problem> {
        let reading = Reading {
            system: "commerce",
            entity: "order",
            key: row.entity_id.to_string(),
            text: row.text,
            rules: &records::COMMERCE,
            customer: None,
            updated: row.updated_at.to_string(),
            clock_repeats: false,
            headers: Vec::new(),
        };
        self.changes.record(reading, cause).await
    }

    /// A GET, tried again where that may help. Returns the body and the shop's clock.
    async fn get(
        &self,
        request: Result<Request<Bytes>, RequestError>,
        class: Class,
    ) -> Result<(Bytes, Timestamp), ReadError> {
        let request = request.map_err(|e| nonsense(&e))?;
        let mut schedule = Schedule::new(Duration::from_millis(300), Duration::from_secs(10));
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let wait = match self.vendor.call(class, &request).await {
                Ok(response) => match Answer::read(&response, clock::now()) {
                    Answer::Ok(body) => return Ok((body, server_time(response.headers()).unwrap_or_else(clock::now))),
                    Answer::NotFound { .. } => return Err(ReadError::NotFound),
                    Answer::Unauthorised { message } => return Err(ReadError::Stop(unauthorised(&message))),
                    Answer::Refused { status, message } => {
                        return Err(ReadError::Stop(refused(status.as_u16(), &message)));
                    }
                    Answer::NonceRefused { message } => {
                        why = message;
                        Duration::ZERO
                    }
                    Answer::BusyUntil { retry_after, message } => {
                        let wait = retry_after.unwrap_or_else(|| schedule.next_wait());
                        return Err(ReadError::Later(wait, message));
                    }
                    Answer::Broken { status, message } => {
                        why = format!("{status}: {message}");
                        schedule.next_wait()
                    }
                },
                Err(CallError::Busy(wait)) => return Err(ReadError::Later(wait, "the budget is spent".to_owned())),
                Err(CallError::Credentials(problem)) => return Err(ReadError::Stop(problem)),
                Err(e @ (CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate)) => {
                    why = e.to_string();
                    schedule.next_wait()
                }
            };
            tokio::time::sleep(wait).await;
        }
        Err(ReadError::Later(schedule.next_wait(), why))
    }
}

fn nonsense(error: &dyn std::error::Error) -> ReadError {
    let remedy = "look at the shop's answer; a module or an edge in front of it may have changed it";
    ReadError::Stop(Problem::new("COMMERCE_UNREADABLE", chain(error), remedy))
}

fn unauthorised(message: &str) -> Problem {
    Problem::new(
        "COMMERCE_UNAUTHORISED",
        format!("Commerce does not accept who calls: {message}"),
        "check the credentials of commerce.auth, that the integration or account is active, and that it may read Sales > \
         Orders; Commerce tells none of these apart",
    )
}

fn refused(status: u16, message: &str) -> Problem {
    let remedy = "check commerce.base_url: scheme, host and store code as the shop itself has them";
    Problem::new("COMMERCE_REFUSED", format!("Commerce refuses the request ({status}): {message}"), remedy)
}

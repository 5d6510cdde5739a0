//! What a company is made of. These lists come whole: they take no page.

use bytes::Bytes;
use http::Request;

use super::query::Query;
use super::{Company, RequestError};

impl Company {
    /// `GET /v1/branch`: the first call of every start. A wrong company is answered with an empty list, not an error.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn branches(&self) -> Result<Request<Bytes>, RequestError> {
        self.get("/v1/branch", &Query::default())
    }

    /// `GET /v1/financialPeriod`: which periods are open for customer documents.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn financial_periods(&self) -> Result<Request<Bytes>, RequestError> {
        self.get("/v1/financialPeriod", &Query::default())
    }
}

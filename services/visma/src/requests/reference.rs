//! Requests for the lists that a company is made of. These lists come whole: they take no page.

use bytes::Bytes;
use http::Request;

use super::query::{Param, Query};
use super::{Company, RequestError};

/// Rows asked for of a list that has pages; no company has as many credit terms.
const MANY: u32 = 500;

/// A list of what documents may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// `GET /v1/account`: GL accounts.
    Accounts,
    /// `GET /v1/vat`: VAT ids.
    Vats,
    /// `GET /v1/creditTerm`: credit terms, in an envelope and in pages.
    CreditTerms,
    /// `GET /v1/customer/customerClass`: customer classes.
    CustomerClasses,
    /// `GET /v1/branch`: branches.
    Branches,
    /// `GET /v1/currency`: currencies.
    Currencies,
    /// `GET /v1/paymentmethod`: payment methods.
    PaymentMethods,
    /// `GET /v1/cashaccount`: cash and clearing accounts.
    CashAccounts,
    /// `GET /v1/vatZone`: VAT zones of customers.
    VatZones,
}

impl Reference {
    /// Every list.
    pub const ALL: [Self; 9] = [
        Self::Accounts,
        Self::Vats,
        Self::CreditTerms,
        Self::CustomerClasses,
        Self::Branches,
        Self::Currencies,
        Self::PaymentMethods,
        Self::CashAccounts,
        Self::VatZones,
    ];

    /// Path below the base.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Accounts => "/v1/account",
            Self::Vats => "/v1/vat",
            Self::CreditTerms => "/v1/creditTerm",
            Self::CustomerClasses => "/v1/customer/customerClass",
            Self::Branches => "/v1/branch",
            Self::Currencies => "/v1/currency",
            Self::PaymentMethods => "/v1/paymentmethod",
            Self::CashAccounts => "/v1/cashaccount",
            Self::VatZones => "/v1/vatZone",
        }
    }
}

impl Company {
    /// A whole list of what documents may refer to.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn reference(&self, list: Reference) -> Result<Request<Bytes>, RequestError> {
        let query = match list {
            Reference::CreditTerms => Query::default().with(Param::Page { number: 1, size: MANY }),
            _ => Query::default(),
        };
        self.get(list.path(), &query)
    }

    /// `GET /v1/dimension/SUBACCOUNT`: the segments of a subaccount, with their values.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn subaccount_segments(&self) -> Result<Request<Bytes>, RequestError> {
        self.get("/v1/dimension/SUBACCOUNT", &Query::default().with(Param::ExpandSegmentValues))
    }

    /// One record of a list of documents, to see whether the list may be read at all.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn first_of(&self, path: &'static str) -> Result<Request<Bytes>, RequestError> {
        self.get(path, &Query::default().with(Param::Page { number: 1, size: 1 }))
    }

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

//! A customer payment, or a refund, and how it is read.
//!
//! It moves money on a cash account and settles documents: they fall in balance when it is released.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::audit::Entity;
use super::books::{Books, Stamps};
use super::clock;
use super::config::Config;
use super::document::{Application, Status};
use super::list::{self, Row};
use super::query::Query;
use super::text::{day, money, number};

pub(super) mod write;

/// The types of payments that can be entered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The customer pays.
    Payment,
    /// The company pays back.
    Refund,
}

/// A customer payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) id: u64,
    pub(super) number: String,
    pub(super) direction: Direction,
    pub(super) status: Status,
    pub(super) date: Date,
    pub(super) period: String,
    pub(super) payment_ref: Option<String>,
    pub(super) customer: String,
    pub(super) customer_name: String,
    pub(super) method: String,
    pub(super) cash_account: String,
    pub(super) currency: String,
    pub(super) amount: Decimal,
    pub(super) text: Option<String>,
    pub(super) branch: String,
    pub(super) applications: Vec<Application>,
    /// A release is under way.
    pub(super) releasing: bool,
    pub(super) stamps: Stamps,
}

impl Direction {
    /// `type`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Payment => "Payment",
            Self::Refund => "Refund",
        }
    }

    /// The documents that it settles.
    fn targets(self) -> &'static [Entity] {
        match self {
            Self::Payment => &[Entity::Invoice],
            Self::Refund => &[Entity::CreditNote],
        }
    }
}

impl Payment {
    /// Amount that is applied to documents.
    pub(super) fn applied(&self) -> Decimal {
        self.applications.iter().map(|one| one.amount).sum()
    }

    /// Amount that is not applied.
    pub(super) fn available(&self) -> Decimal {
        self.amount - self.applied()
    }

    /// The payment as JSON.
    pub(super) fn shown(&self, config: &Config) -> Value {
        let method = config.chart.payment_method(&self.method).map(|method| &method.description);
        let lines: Vec<Value> = self.applications.iter().map(|one| self.shown_line(one)).collect();
        json!({
            "type": self.direction.name(), "refNbr": self.number, "status": self.status.name(),
            "hold": self.status == Status::Hold,
            "applicationDate": day(self.date), "applicationPeriod": self.period, "paymentRef": self.payment_ref,
            "customer": { "number": self.customer, "name": self.customer_name },
            "location": { "id": "Main", "name": "Primary Location" },
            "paymentMethod": { "id": self.method, "description": method },
            "cashAccount": self.cash_account, "currency": self.currency,
            "paymentAmount": money(self.amount), "paymentAmountInCurrency": money(self.amount),
            "invoiceText": self.text, "appliedToDocuments": money(self.applied()), "appliedToOrders": 0,
            "availableBalance": money(self.available()), "availableBalanceInCurrency": money(self.available()),
            "writeOffAmount": 0, "financeCharges": 0, "deductedCharges": 0, "branch": self.branch,
            "paymentLines": lines, "ordersToApply": [],
            "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        })
    }

    fn shown_line(&self, one: &Application) -> Value {
        json!({
            "documentType": one.entity.document_type(), "refNbr": one.number, "amountPaid": money(one.amount),
            "cashDiscountTaken": 0, "balanceWriteOff": 0, "date": day(self.date), "postPeriod": self.period,
            "currency": self.currency, "crossRate": number(Decimal::ONE),
        })
    }
}

impl Row for Payment {
    fn place(&self) -> u64 {
        self.id
    }

    fn open_object(&self, config: &Config, _query: &Query) -> String {
        list::opened(&self.shown(config))
    }
}

impl Books {
    /// Money that came in without a caller of the API: an accountant's, or the bank's file.
    pub(super) fn receive(&mut self, entity: Entity, number: &str, amount: Decimal) {
        let paid = Application { entity, number: number.to_owned(), amount, released: true };
        let payment = self.next_payment_number();
        self.apply(Entity::Payment, &payment, &[paid]);
    }
}

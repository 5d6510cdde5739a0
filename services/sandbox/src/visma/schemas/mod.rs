//! The write DTOs, field by field.

mod document;
mod payment;

pub(super) use document::{CREDIT_NOTE, INVOICE};
pub(super) use payment::PAYMENT;

use super::dto::FieldType::{Any, Decimal, Flag, Integer, Object, OneOf, Text};
use super::dto::Shape::{Bare, List, Wrapped};
use super::dto::{FieldType, Schema};

/// `documentType` of the customer ledger.
const DOCUMENT_TYPES: &[&str] = &[
    "Invoice",
    "DebitNote",
    "CreditNote",
    "Payment",
    "VoidPayment",
    "Prepayment",
    "Refund",
    "FinCharge",
    "SmallBalanceWo",
    "SmallCreditWo",
    "CashSale",
    "CashReturn",
    "Undefined",
    "NoUpdate",
];

const OPERATION: FieldType = OneOf(&["Insert", "Update", "Delete"]);

pub(super) static ADDRESS: Schema = Schema {
    name: "AddressUpdateDto",
    fields: &[
        ("addressLine1", Wrapped(Text)),
        ("addressLine2", Wrapped(Text)),
        ("addressLine3", Wrapped(Text)),
        ("postalCode", Wrapped(Text)),
        ("city", Wrapped(Text)),
        ("countryId", Wrapped(Text)),
        ("county", Wrapped(Text)),
    ],
};

pub(super) static CONTACT: Schema = Schema {
    name: "ContactInfoUpdateDto",
    fields: &[
        ("name", Wrapped(Text)),
        ("attention", Wrapped(Text)),
        ("email", Wrapped(Text)),
        ("web", Wrapped(Text)),
        ("phone1", Wrapped(Text)),
        ("phone2", Wrapped(Text)),
        ("fax", Wrapped(Text)),
    ],
};

static ATTRIBUTE_LINE: Schema = Schema {
    name: "AttributeLineUpdateDto",
    fields: &[("attributeId", Wrapped(Text)), ("attributeValue", Wrapped(Text))],
};

static PAYMENT_METHOD: Schema = Schema {
    name: "CustomerDefaultPaymentMethodUpdateDto",
    fields: &[("paymentMethodId", Wrapped(Text)), ("isDefault", Wrapped(Flag))],
};

pub(super) static CUSTOMER: Schema = Schema {
    name: "CustomerUpdateDto",
    fields: &[
        ("number", Wrapped(Text)),
        ("name", Wrapped(Text)),
        ("status", Wrapped(OneOf(&["Active", "OnHold", "CreditHold", "Inactive", "OneTime"]))),
        ("accountReference", Wrapped(Text)),
        ("numberOfEmployees", Wrapped(Integer)),
        ("parentRecordNumber", Wrapped(Text)),
        ("currencyId", Wrapped(Text)),
        ("creditLimit", Wrapped(Decimal)),
        ("creditDaysPastDue", Wrapped(Integer)),
        ("overrideWithClassValues", Bare(Flag)),
        ("customerClassId", Wrapped(Text)),
        ("creditTermsId", Wrapped(Text)),
        ("printInvoices", Wrapped(Flag)),
        ("acceptAutoInvoices", Wrapped(Flag)),
        ("sendInvoicesByEmail", Wrapped(Flag)),
        ("sendDunningLettersViaEMail", Wrapped(Flag)),
        ("printDunningLetters", Wrapped(Flag)),
        ("printStatements", Wrapped(Flag)),
        ("sendStatementsByEmail", Wrapped(Flag)),
        ("printMultiCurrencyStatements", Wrapped(Flag)),
        ("invoiceToDefaultLocation", Wrapped(Flag)),
        ("vatRegistrationId", Wrapped(Text)),
        ("corporateId", Wrapped(Text)),
        ("vatZoneId", Wrapped(Text)),
        ("gln", Wrapped(Text)),
        ("note", Wrapped(Text)),
        ("mainAddress", Wrapped(Object(&ADDRESS))),
        ("mainContact", Wrapped(Object(&CONTACT))),
        ("creditVerification", Wrapped(OneOf(&["Disabled", "DaysPastDue", "CreditLimit", "LimitAndDaysPastDue"]))),
        ("invoiceAddress", Wrapped(Object(&ADDRESS))),
        ("invoiceContact", Wrapped(Object(&CONTACT))),
        ("statementType", Wrapped(OneOf(&["OpenItem", "BalanceBroughtForward"]))),
        ("deliveryAddress", Wrapped(Object(&ADDRESS))),
        ("deliveryContact", Wrapped(Object(&CONTACT))),
        ("priceClassId", Wrapped(Text)),
        ("eInvoiceContract", Wrapped(Any)),
        ("defaultPaymentMethod", Wrapped(Object(&PAYMENT_METHOD))),
        ("glAccounts", Wrapped(Any)),
        ("directDebitLines", Bare(Any)),
        ("attributeLines", List(&ATTRIBUTE_LINE)),
        ("overrideNumberSeries", Wrapped(Flag)),
        ("excludeDebtCollection", Wrapped(Flag)),
    ],
};

//! The write DTOs of customer payments.

use super::{DOCUMENT_TYPES, OPERATION};
use crate::visma::dto::FieldType::{Any, Decimal, Flag, Integer, OneOf, Text};
use crate::visma::dto::Shape::{Bare, List, Wrapped};
use crate::visma::dto::{FieldType, Schema};

const TYPES: &[&str] =
    &["Payment", "CreditNote", "Prepayment", "Refund", "VoidPayment", "SmallBalanceWo", "VoidRefund", "Undefined"];

static LINE: Schema = Schema {
    name: "PaymentLinesUpdateDto",
    fields: &[
        ("operation", Bare(OPERATION)),
        ("documentType", Wrapped(OneOf(DOCUMENT_TYPES))),
        ("refNbr", Wrapped(Text)),
        ("amountPaid", Wrapped(Decimal)),
        ("cashDiscountTaken", Wrapped(Decimal)),
        ("balanceWriteOff", Wrapped(Decimal)),
        ("writeOffReasonCode", Wrapped(Text)),
        ("crossRate", Wrapped(Decimal)),
    ],
};

static FINANCE_CHARGE: Schema = Schema {
    name: "FinanceChargesUpdateDto",
    fields: &[
        ("operation", Bare(OPERATION)),
        ("lineNbr", Wrapped(Integer)),
        ("entryType", Wrapped(Text)),
        ("offsetAccount", Wrapped(Text)),
        ("offsetSubAccount", Wrapped(Text)),
        ("description", Wrapped(Text)),
        ("amount", Wrapped(Decimal)),
    ],
};

pub(in crate::visma) static PAYMENT: Schema = Schema {
    name: "PaymentUpdateDto",
    fields: &[
        ("referenceNumber", Wrapped(Text)),
        ("overrideNumberSeries", Wrapped(Flag)),
        ("type", Wrapped(OneOf(TYPES))),
        ("hold", Wrapped(Flag)),
        ("applicationDate", Wrapped(FieldType::Date)),
        ("applicationPeriod", Wrapped(Text)),
        ("paymentRef", Wrapped(Text)),
        ("customer", Wrapped(Text)),
        ("location", Wrapped(Text)),
        ("paymentMethod", Wrapped(Text)),
        ("cashAccount", Wrapped(Text)),
        ("currency", Wrapped(Text)),
        ("paymentAmount", Wrapped(Decimal)),
        ("invoiceText", Wrapped(Text)),
        ("branch", Wrapped(Text)),
        ("paymentLines", List(&LINE)),
        ("financeCharges", List(&FINANCE_CHARGE)),
        ("ordersToApply", Bare(Any)),
    ],
};

//! The write DTOs, field by field.

use super::dto::Kind::{Any, Decimal, Flag, Integer, Object, OneOf, Text};
use super::dto::Shape::{Bare, List, Wrapped};
use super::dto::{Kind, Schema};

const OPERATION: Kind = OneOf(&["Insert", "Update", "Delete"]);

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

static SEGMENT: Schema =
    Schema { name: "SegmentUpdateDto", fields: &[("segmentId", Bare(Integer)), ("segmentValue", Bare(Text))] };

static TAX_DETAIL: Schema = Schema {
    name: "TaxDetailUpdateDto",
    fields: &[("taxId", Wrapped(Text)), ("taxableAmount", Wrapped(Decimal)), ("vatAmount", Wrapped(Decimal))],
};

static INVOICE_LINE: Schema = Schema {
    name: "CustomerInvoiceLinesUpdateDto",
    fields: &[
        ("operation", Bare(OPERATION)),
        ("lineNumber", Wrapped(Integer)),
        ("inventoryNumber", Wrapped(Text)),
        ("description", Wrapped(Text)),
        ("quantity", Wrapped(Decimal)),
        ("uom", Wrapped(Text)),
        ("unitPriceInCurrency", Wrapped(Decimal)),
        ("manualAmountInCurrency", Wrapped(Decimal)),
        ("accountNumber", Wrapped(Text)),
        ("vatCodeId", Wrapped(Text)),
        ("discountPercent", Wrapped(Decimal)),
        ("discountAmountInCurrency", Wrapped(Decimal)),
        ("discountCode", Wrapped(Text)),
        ("manualDiscount", Wrapped(Flag)),
        ("subaccount", List(&SEGMENT)),
        ("branchNumber", Wrapped(Text)),
        ("note", Wrapped(Text)),
        ("salesperson", Wrapped(Text)),
        ("itemType", Wrapped(OneOf(&["Service", "MaterialCost", "OtherCost"]))),
        ("typeOfWork", Wrapped(Text)),
        ("taskId", Wrapped(Text)),
        ("startDate", Wrapped(Kind::Date)),
        ("endDate", Wrapped(Kind::Date)),
        ("domesticServicesDeductible", Wrapped(Flag)),
        ("deferralSchedule", Wrapped(Integer)),
        ("deferralCode", Wrapped(Text)),
        ("termStartDate", Wrapped(Kind::Date)),
        ("termEndDate", Wrapped(Kind::Date)),
    ],
};

static BILLING_ADDRESS: Schema = Schema {
    name: "SalesInvoiceAddressUpdateDto",
    fields: &[
        ("overrideAddress", Wrapped(Flag)),
        ("addressLine1", Wrapped(Text)),
        ("addressLine2", Wrapped(Text)),
        ("addressLine3", Wrapped(Text)),
        ("postalCode", Wrapped(Text)),
        ("city", Wrapped(Text)),
        ("countryId", Wrapped(Text)),
        ("county", Wrapped(Text)),
    ],
};

static INVOICE_CONTACT: Schema = Schema {
    name: "SalesInvoiceContactUpdateDto",
    fields: &[
        ("overrideContact", Wrapped(Flag)),
        ("name", Wrapped(Text)),
        ("attention", Wrapped(Text)),
        ("email", Wrapped(Text)),
        ("phone1", Wrapped(Text)),
    ],
};

pub(super) static INVOICE: Schema = Schema {
    name: "CustomerInvoiceUpdateDto",
    fields: &[
        ("customerNumber", Wrapped(Text)),
        ("childCustomerNumber", Wrapped(Text)),
        ("consolidateInvoices", Wrapped(Flag)),
        ("referenceNumber", Wrapped(Text)),
        ("overrideNumberSeries", Wrapped(Flag)),
        ("documentDate", Wrapped(Kind::Date)),
        ("documentDueDate", Wrapped(Kind::Date)),
        ("cashDiscountDate", Wrapped(Kind::Date)),
        ("origInvoiceDate", Wrapped(Kind::Date)),
        ("financialPeriod", Wrapped(Text)),
        ("postPeriod", Wrapped(Text)),
        ("currencyId", Wrapped(Text)),
        ("exchangeRate", Wrapped(Decimal)),
        ("creditTermsId", Wrapped(Text)),
        ("paymentMethodId", Wrapped(Text)),
        ("cashAccount", Wrapped(Text)),
        ("externalReference", Wrapped(Text)),
        ("customerRefNumber", Wrapped(Text)),
        ("paymentReference", Wrapped(Text)),
        ("customerProject", Wrapped(Text)),
        ("invoiceText", Wrapped(Text)),
        ("note", Wrapped(Text)),
        ("branchNumber", Wrapped(Text)),
        ("locationId", Wrapped(Text)),
        ("customerVatZoneId", Wrapped(Text)),
        ("hold", Wrapped(Flag)),
        ("sendToAutoInvoice", Wrapped(Flag)),
        ("dontPrint", Wrapped(Flag)),
        ("dontEmail", Wrapped(Flag)),
        ("invoiceLines", List(&INVOICE_LINE)),
        ("taxDetailLines", List(&TAX_DETAIL)),
        ("billingAddress", Wrapped(Object(&BILLING_ADDRESS))),
        ("invoiceContact", Wrapped(Object(&INVOICE_CONTACT))),
        ("contact", Wrapped(Integer)),
        ("project", Wrapped(Text)),
        ("salesPersonID", Wrapped(Integer)),
        ("salesperson", Wrapped(Text)),
        ("startDate", Wrapped(Kind::Date)),
        ("endDate", Wrapped(Kind::Date)),
        ("accountingCostRef", Wrapped(Text)),
        ("originatorDocRef", Wrapped(Text)),
        ("contractDocRef", Wrapped(Text)),
        ("domesticServicesDeductibleDocument", Wrapped(Flag)),
        ("rotRutDetails", Bare(Any)),
        ("revoked", Wrapped(Flag)),
        ("directDebitMandateId", Wrapped(Text)),
        ("excludeDebtCollection", Wrapped(Flag)),
        ("debtCollectionCaseNbr", Wrapped(Text)),
        ("debtCollectionCaseStatus", Wrapped(Text)),
        ("debtCollectionCaseType", Wrapped(Text)),
        ("debtCollectionCaseUrl", Wrapped(Text)),
    ],
};

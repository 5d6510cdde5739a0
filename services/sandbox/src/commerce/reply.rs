//! The headers that every answer of Magento carries.
//!
//! `PHPSESSID` is set anew on each answer, also for API calls, and `Retry-After` never is (both measured on 2.4.7): a
//! client must ignore the first and cannot count on the second.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use jiff::Timestamp;

use super::shop::Shop;

/// The content type of everything that is not an HTML error page.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// A 200 with this JSON text, unchanged.
pub(crate) fn ok(text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// Adds the time of the server's clock, where it is not the true one, which the web server adds by itself.
pub(crate) fn dated(shop: &Shop, mut response: Response<Body>) -> Response<Body> {
    if shop.config().clock_ahead_seconds == 0 {
        return response;
    }
    let date = Timestamp::from_second(shop.clock()).map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Adds what the web server and PHP add.
pub(crate) fn dress(shop: &Shop, response: Response<Body>) -> Response<Body> {
    let mut response = dated(shop, response);
    let session: String = uuid::Uuid::new_v4().simple().to_string().chars().take(26).collect();
    let cookie = format!("PHPSESSID={session}; path=/rest; HttpOnly; SameSite=Lax");
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("nginx/1.22.1"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("Thu, 19 Nov 1981 08:52:00 GMT"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache, must-revalidate"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

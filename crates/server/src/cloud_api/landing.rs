//! The landing page of a business as HTML: `GET /b/{username or number}`. It is written here and not by the web app, so
//! that search engines and browsers without scripts read it. It loads nothing from elsewhere: pictures of products are
//! on other servers, and whoever looks at this page is not told to them.

use super::CloudApi;
use crate::problem::Problem;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use plaza_business::catalogs::Product;
use plaza_business::landing::{self, LandingPage};
use plaza_business::management::ManageError;
use plaza_business::qr;
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx};
use std::fmt::{self, Write as _};

const STYLE: &str = include_str!("landing.css");
/// No scripts, no forms, nothing of others.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
/// Browsers and proxies may show a page again for a minute without asking.
const CACHE: &str = "public, max-age=60";
/// Characters of a product's description on the page.
const WORDS_MAX: usize = 160;

/// A text with what HTML would read as its own written as characters.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// The page of a business that has one; the same answer for a name that nobody has and for one without a page.
pub async fn landing_page(app: &CloudApi, name: &str, origin: &str) -> Response {
    let name = name.to_owned();
    let read = async move |ctx: &Ctx, tx: &mut Tx| landing::page(ctx, tx, &name).await;
    let ctx = app.ctx.for_request(Actor::Anonymous);
    match app.db.read(&ctx, "cloud_api.landing_page", read).await {
        Ok(Some(page)) => answer(StatusCode::OK, of(&page, origin)),
        Err(ManageError::Db(error)) => Problem::from(error).into_response(),
        Ok(None) | Err(_) => answer(StatusCode::NOT_FOUND, nothing()),
    }
}

fn answer(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, html).into_response()
}

fn nothing() -> String {
    let main = "<header><div><h1>There is no page here</h1><p class=\"muted\">Look at the address again, or \
        <a href=\"/chat\">write to a number</a>.</p></div></header>";
    document("<title>There is no page here</title><meta name=\"robots\" content=\"noindex\">", main)
}

fn document(head: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}<style>{STYLE}</style></head>\
         <body><main>{main}</main></body></html>"
    )
}

fn of(page: &LandingPage, origin: &str) -> String {
    let name = Text(&page.number.verified_name);
    let address = format!("{origin}{}", page.path());
    let about = match page.profile("description") {
        "" => page.profile("about"),
        description => description,
    };
    let head = format!(
        "<title>{name}</title><meta name=\"description\" content=\"{about}\"><link rel=\"canonical\" href=\"{address}\">\
         <meta property=\"og:title\" content=\"{name}\"><meta property=\"og:description\" content=\"{about}\">\
         <meta property=\"og:url\" content=\"{address}\">",
        about = Text(about),
        address = Text(&address),
    );
    let chat = chat(page);
    let mut main = top(page, &chat);
    main.push_str(&profile(page));
    main.push_str(&products(&page.products));
    if let Some(picture) = qr::draw(&format!("{origin}{chat}"), false) {
        let picture = String::from_utf8(picture.bytes).unwrap_or_default();
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            main,
            "<section class=\"code\"><div role=\"img\" aria-label=\"QR code of the chat with {name}\">{picture}</div>\
             <p class=\"muted\">Hold the camera of your phone to it: the chat with {name} opens.</p></section>"
        );
    }
    main.push_str("<footer>Writing to a business costs nothing.</footer>");
    document(&head, &main)
}

/// Where the chat with the business opens, below the address of the server.
fn chat(page: &LandingPage) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("/chat?{}", query.append_pair("to", &page.number.number.to_string()).finish())
}

fn top(page: &LandingPage, chat: &str) -> String {
    let mut top = "<header>".to_owned();
    if !page.profile("profile_picture_handle").is_empty() {
        let _ = write!(top, "<img src=\"/picture/{}\" alt=\"\">", page.number.phone_number_id);
    }
    let _ = write!(top, "<div><h1>{}</h1>", Text(&page.number.verified_name));
    if page.shows_badge {
        top.push_str(
            "<span class=\"badge\" title=\"The operator of this network has checked who this is\">Verified</span>",
        );
    }
    if !page.profile("about").is_empty() {
        let _ = write!(top, "<p class=\"muted\">{}</p>", Text(page.profile("about")));
    }
    let _ = write!(top, "</div><a class=\"chat\" href=\"{}\">Chat</a></header>", Text(chat));
    top
}

fn profile(page: &LandingPage) -> String {
    let mut section = "<section><h2>About</h2>".to_owned();
    if !page.profile("description").is_empty() {
        let _ = write!(section, "<p class=\"lines\">{}</p><br>", Text(page.profile("description")));
    }
    let _ = write!(section, "<dl><div><dt>Number</dt><dd>{}</dd></div>", page.number.number);
    if !page.profile("address").is_empty() {
        let address = Text(page.profile("address"));
        let _ = write!(section, "<div><dt>Address</dt><dd class=\"lines\">{address}</dd></div>");
    }
    if !page.profile("email").is_empty() {
        let mail = Text(page.profile("email"));
        let _ = write!(section, "<div><dt>Mail</dt><dd><a href=\"mailto:{mail}\">{mail}</a></dd></div>");
    }
    for website in page.websites().filter(|website| is_web(website)) {
        let website = Text(website);
        let _ = write!(
            section,
            "<div><dt>Website</dt><dd><a href=\"{website}\" rel=\"nofollow noopener\">{website}</a></dd></div>"
        );
    }
    section.push_str("</dl></section>");
    section
}

/// Nothing else is led to, whatever was written down once.
fn is_web(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn products(products: &[Product]) -> String {
    if products.is_empty() {
        return String::new();
    }
    let mut section = "<section><h2>Products</h2><ul>".to_owned();
    for product in products {
        let _ = write!(section, "<li><h3>{}</h3>", Text(&product.name));
        let words: String = product.description.chars().take(WORDS_MAX).collect();
        let cut = if words.len() < product.description.len() { "…" } else { "" };
        if !words.is_empty() {
            let _ = write!(section, "<p class=\"muted\">{}{cut}</p>", Text(words.trim_end()));
        }
        let _ = write!(section, "<p class=\"price\">{} {}</p></li>", product.price, Text(&product.currency));
    }
    section.push_str("</ul></section>");
    section
}

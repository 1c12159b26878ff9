//! # Mail
//!
//! Sends mails by SMTP. Whoever takes them from an outbox says afterwards how it went: a mail that the server refused for
//! good is told apart from one that may be tried again.

use crate::app::App;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use plaza_billing::BillingError;
use plaza_billing::invoices::{self, InvoiceError};
use plaza_billing::mail::{self, DueMail};
use plaza_db::{Db, Tx};
use plaza_protocol::{Actor, Chain, Ctx, Secret};
use std::sync::Arc;
use std::time::Duration;

/// How long a mail server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A file that goes along.
#[derive(Debug, Clone)]
pub struct MailFile {
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct MailToSend {
    /// An address.
    pub to: String,
    /// In one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What goes along.
    pub files: Vec<MailFile>,
}

/// A mail was not sent. The texts name no address: they stand in logs.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// `[mail] smtp` cannot be used.
    #[error("mail.smtp: an address such as smtp://host:25, or smtps://host, is needed")]
    Address(#[source] SmtpError),
    /// `[mail] from` cannot be used.
    #[error("mail.from: an address such as Plaza <billing@example.org> is needed")]
    From,
    /// The mail cannot be written down: trying again does not help.
    #[error("the mail cannot be written: {0}")]
    Unsendable(&'static str),
    /// The server refused it for good.
    #[error("the mail server refused the mail")]
    Refused(#[source] SmtpError),
    /// The server did not take it now.
    #[error("the mail server did not take the mail")]
    Later(#[source] SmtpError),
}

impl MailError {
    /// Whether another try may help.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Unsendable(_) | Self::Refused(_))
    }
}

/// A mail server, and who the mails are from.
#[derive(Debug, Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// From the configuration: `smtp://host:port`, `smtp://…?tls=required`, or `smtps://host`; and a name with its
    /// password.
    pub fn new(
        url: &str,
        from: &str,
        credentials: Option<(String, Secret<String>)>,
    ) -> Result<Self, MailError> {
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailError::Address)?;
        if let Some((name, password)) = credentials {
            transport = transport.credentials(Credentials::new(name, password.0));
        }
        let from = from.parse().map_err(|_| MailError::From)?;
        Ok(Self { transport: transport.timeout(Some(ANSWER_WITHIN)).build(), from })
    }

    /// Sends a mail; the answer means that the server has it.
    pub async fn send(&self, mail: &MailToSend) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error)),
            Err(error) => Err(MailError::Later(error)),
        }
    }

    fn message(&self, mail: &MailToSend) -> Result<Message, MailError> {
        let wrong = |what: &'static str| move |_| MailError::Unsendable(what);
        let to: Mailbox = mail.to.parse().map_err(|_| MailError::Unsendable("its address is malformed"))?;
        let subject: String = mail.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let plain = SinglePart::plain(mail.text.clone());
        let mut body = match &mail.html {
            None => MultiPart::mixed().singlepart(plain),
            Some(html) => {
                let both =
                    MultiPart::alternative().singlepart(plain).singlepart(SinglePart::html(html.clone()));
                MultiPart::mixed().multipart(both)
            }
        };
        for file in &mail.files {
            let kind = ContentType::parse(&file.kind)
                .map_err(|_| MailError::Unsendable("the type of a file is malformed"))?;
            // Written as text, a file would have its line ends changed.
            let bytes = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64)
                .map_err(|_| MailError::Unsendable("a file cannot be written"))?;
            body = body.singlepart(Attachment::new(file.name.clone()).body(bytes, kind));
        }
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .multipart(body)
            .map_err(wrong("its head is malformed"))
    }
}

/// How often the outbox is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Mails that are taken at a time: at worst, all are tried before another sender may take them.
const TAKEN_AT_A_TIME: u32 = 8;

/// Sends what waits in the outbox, until the server stops. Without a mail server it waits there, and is given up when it
/// is too old ([`mail::AGE_MAX`]).
pub(crate) async fn run(app: Arc<App>) {
    let Some(smtp) = app.settings.mail.clone() else { return give_up(&app).await };
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let ctx = app.ctx_for(Actor::System);
        while !app.shutdown.is_cancelled() {
            match round(&app.db, &ctx, &smtp).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "mails could not be looked at");
                    break;
                }
            }
        }
    }
}

/// How often old mails are given up where none are sent.
const GIVE_UP_EVERY: Duration = Duration::from_secs(3600);

async fn give_up(app: &App) {
    loop {
        let ctx = app.ctx_for(Actor::System);
        let old = async |ctx: &Ctx, tx: &mut Tx| mail::give_up_old(ctx, tx).await;
        match app.db.transact(&ctx, "mail.give_up", old).await {
            Ok(0) => {}
            Ok(mails) => tracing::warn!(mails, "mails were not sent: no mail server is configured"),
            Err(error) => tracing::error!(error = %Chain(&error), "mails could not be looked at"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(GIVE_UP_EVERY) => {}
        }
    }
}

/// Takes some mails that are due and tries each once; how many there were.
async fn round(db: &Db, ctx: &Ctx, smtp: &Smtp) -> Result<usize, BillingError> {
    let take = async |ctx: &Ctx, tx: &mut Tx| mail::take_due(ctx, tx, TAKEN_AT_A_TIME).await;
    let due = db.transact(ctx, "mail.take", take).await?;
    let count = due.len();
    for due in due {
        let outcome = match letter(db, ctx, &due).await {
            Ok(letter) => {
                smtp.send(&letter).await.map_err(|error| (Chain(&error).to_string(), error.is_final()))
            }
            Err(error) => Err((Chain(&error).to_string(), false)),
        };
        if let Err((error, is_final)) = &outcome {
            tracing::warn!(mail = %due.mail_id, error, is_final, "a mail was not sent");
        }
        let end = async move |ctx: &Ctx, tx: &mut Tx| match &outcome {
            Ok(()) => mail::sent(ctx, tx, due.mail_id).await,
            Err((error, is_final)) => mail::failed(ctx, tx, &due, error, *is_final).await,
        };
        db.transact(ctx, "mail.end", end).await?;
    }
    Ok(count)
}

/// A mail with the documents that go along, as they are made now.
async fn letter(db: &Db, ctx: &Ctx, due: &DueMail) -> Result<MailToSend, InvoiceError> {
    let attachments = due.mail.attachments.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let mut files = Vec::with_capacity(attachments.len());
        for attachment in &attachments {
            let (name, bytes) = invoices::attached(ctx, tx, *attachment).await?;
            files.push(MailFile { name, kind: "application/pdf".to_owned(), bytes });
        }
        Ok::<_, InvoiceError>(files)
    };
    let files = db.read(ctx, "mail.files", read).await?;
    Ok(MailToSend {
        to: due.mail.to.clone(),
        subject: due.mail.subject.clone(),
        text: due.mail.body_text.clone(),
        html: due.mail.body_html.clone(),
        files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    /// A mail server that takes one mail and gives what it got, or answers the mail with a code.
    async fn sink(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 sink\r\n").await.unwrap();
            let (mut got, mut in_data) = (String::new(), false);
            while let Some(line) = lines.next_line().await.unwrap() {
                got.push_str(&line);
                got.push('\n');
                let said = match line.split(' ').next().unwrap_or_default() {
                    "." if in_data => {
                        in_data = false;
                        answer
                    }
                    _ if in_data => continue,
                    "EHLO" => "250 sink",
                    "DATA" => {
                        in_data = true;
                        "354 go on"
                    }
                    "QUIT" => {
                        write.write_all(b"221 bye\r\n").await.unwrap();
                        break;
                    }
                    _ => "250 ok",
                };
                write.write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
            }
            got
        });
        (url, task)
    }

    fn mail() -> MailToSend {
        MailToSend {
            to: "books@tulip.example".to_owned(),
            subject: "Invoice INV-2026-000001\r\nBcc: evil@example.org".to_owned(),
            text: "Attached is invoice INV-2026-000001.".to_owned(),
            html: None,
            files: vec![MailFile {
                name: "INV-2026-000001.pdf".to_owned(),
                kind: "application/pdf".to_owned(),
                bytes: b"%PDF-1.7 the bytes".to_vec(),
            }],
        }
    }

    #[tokio::test]
    async fn a_mail_arrives_with_its_file() {
        let (url, sink) = sink("250 taken").await;
        let smtp = Smtp::new(&url, "Plaza <billing@plaza.example>", None).unwrap();
        smtp.send(&mail()).await.unwrap();
        drop(smtp);
        let got = sink.await.unwrap();
        assert!(got.contains("MAIL FROM:<billing@plaza.example>"), "{got}");
        assert!(got.contains("RCPT TO:<books@tulip.example>"), "{got}");
        assert!(got.contains("INV-2026-000001.pdf"), "{got}");
        assert!(got.contains("JVBERi0xLjcgdGhlIGJ5dGVz"), "{got}");
        assert!(!got.lines().any(|line| line.starts_with("Bcc:")), "{got}");
    }

    #[tokio::test]
    async fn a_refusal_for_good_is_told_from_one_for_now() {
        for (answer, is_final) in [("554 no", true), ("451 later", false)] {
            let (url, _sink) = sink(answer).await;
            let smtp = Smtp::new(&url, "billing@plaza.example", None).unwrap();
            assert_eq!(smtp.send(&mail()).await.unwrap_err().is_final(), is_final, "{answer}");
        }
        // Nobody listens.
        let smtp = Smtp::new("smtp://127.0.0.1:1", "billing@plaza.example", None).unwrap();
        assert!(!smtp.send(&mail()).await.unwrap_err().is_final());
        let malformed = MailToSend { to: "nobody".to_owned(), ..mail() };
        assert!(smtp.send(&malformed).await.unwrap_err().is_final());
        assert!(matches!(Smtp::new("http://mail", "a@b.example", None), Err(MailError::Address(_))));
        assert!(matches!(Smtp::new("smtp://mail", "nobody", None), Err(MailError::From)));
    }
}

//! # The words of authentication templates
//!
//! What these templates say is fixed, in each language that is here: the code, the advice to keep it to oneself, for
//! how long it is good, and the labels of their buttons. A language with a region (`pt_BR`) has its own words, or those
//! of the language (`pt`); one that is not here has the English ones. `{c}` stands for the code and `{m}` for the
//! minutes.

/// The words in one language.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wording {
    language: &'static str,
    code: &'static str,
    advice: &'static str,
    expiry: &'static str,
    pub(super) copy: &'static str,
    pub(super) autofill: &'static str,
}

macro_rules! wordings {
    ($($language:literal: $code:literal, $advice:literal, $expiry:literal, $copy:literal, $autofill:literal;)*) => {
        /// English first: it stands for all that are not here.
        const WORDINGS: &[Wording] = &[$(Wording {
            language: $language, code: $code, advice: $advice, expiry: $expiry, copy: $copy, autofill: $autofill,
        }),*];
    };
}

#[rustfmt::skip]
wordings! {
    "en": "{c} is your verification code.", "For your security, do not share this code.",
        "This code expires in {m} minutes.", "Copy code", "Autofill";
    "ar": "{c} هو رمز التحقق الخاص بك.", "حرصًا على أمانك، لا تشارك هذا الرمز.",
        "تنتهي صلاحية هذا الرمز خلال {m} دقيقة.", "نسخ الرمز", "تعبئة تلقائية";
    "bn": "{c} হল আপনার যাচাইকরণ কোড।", "আপনার নিরাপত্তার জন্য, এই কোড কাউকে জানাবেন না।",
        "এই কোডের মেয়াদ {m} মিনিট পরে শেষ হবে।", "কোড কপি করুন", "স্বয়ংক্রিয় পূরণ";
    "cs": "{c} je váš ověřovací kód.", "V zájmu bezpečnosti tento kód nikomu nesdělujte.",
        "Platnost kódu vyprší za {m} minut.", "Kopírovat kód", "Vyplnit automaticky";
    "da": "{c} er din bekræftelseskode.", "Af hensyn til din sikkerhed må du ikke dele koden.",
        "Koden udløber om {m} minutter.", "Kopiér kode", "Udfyld automatisk";
    "de": "{c} ist dein Bestätigungscode.", "Gib diesen Code zu deiner Sicherheit nicht weiter.",
        "Dieser Code läuft in {m} Minuten ab.", "Code kopieren", "Autom. ausfüllen";
    "el": "{c} είναι ο κωδικός επαλήθευσής σας.", "Για την ασφάλειά σας, μην κοινοποιήσετε αυτόν τον κωδικό.",
        "Αυτός ο κωδικός λήγει σε {m} λεπτά.", "Αντιγραφή κωδικού", "Αυτόματη συμπλήρωση";
    "es": "{c} es tu código de verificación.", "Por tu seguridad, no lo compartas.",
        "Este código caduca en {m} minutos.", "Copiar código", "Autocompletar";
    "fi": "{c} on vahvistuskoodisi.", "Älä jaa koodia kenellekään turvallisuutesi vuoksi.",
        "Koodi vanhenee {m} minuutissa.", "Kopioi koodi", "Täytä automaattisesti";
    "fr": "{c} est votre code de vérification.", "Pour votre sécurité, ne communiquez ce code à personne.",
        "Ce code expire dans {m} minutes.", "Copier le code", "Remplir auto.";
    "he": "{c} הוא קוד האימות שלך.", "לביטחונך, אין לשתף את הקוד הזה.",
        "תוקף הקוד יפוג בעוד {m} דקות.", "העתקת הקוד", "מילוי אוטומטי";
    "hi": "{c} आपका सत्यापन कोड है।", "अपनी सुरक्षा के लिए यह कोड किसी को न बताएँ।",
        "यह कोड {m} मिनट में समाप्त हो जाएगा।", "कोड कॉपी करें", "ऑटोफ़िल";
    "id": "{c} adalah kode verifikasi Anda.", "Demi keamanan, jangan bagikan kode ini.",
        "Kode ini kedaluwarsa dalam {m} menit.", "Salin kode", "Isi otomatis";
    "it": "{c} è il tuo codice di verifica.", "Per la tua sicurezza, non condividerlo.",
        "Questo codice scade tra {m} minuti.", "Copia codice", "Compila";
    "ja": "{c}が認証コードです。", "安全のため、このコードを他の人に教えないでください。",
        "このコードの有効期限は{m}分です。", "コードをコピー", "自動入力";
    "ko": "인증 코드는 {c}입니다.", "보안을 위해 이 코드를 공유하지 마세요.",
        "이 코드는 {m}분 후 만료됩니다.", "코드 복사", "자동 입력";
    "ms": "{c} ialah kod pengesahan anda.", "Demi keselamatan anda, jangan kongsi kod ini.",
        "Kod ini tamat tempoh dalam {m} minit.", "Salin kod", "Isi automatik";
    "nl": "{c} is je verificatiecode.", "Deel deze code niet, voor je eigen veiligheid.",
        "Deze code verloopt over {m} minuten.", "Code kopiëren", "Automatisch invullen";
    "pl": "{c} to Twój kod weryfikacyjny.", "Ze względów bezpieczeństwa nie udostępniaj go nikomu.",
        "Kod wygaśnie za {m} min.", "Kopiuj kod", "Uzupełnij";
    "pt_BR": "{c} é seu código de verificação.", "Para sua segurança, não o compartilhe.",
        "Este código expira em {m} minutos.", "Copiar código", "Preencher";
    "pt": "{c} é o teu código de verificação.", "Para tua segurança, não o partilhes.",
        "Este código expira dentro de {m} minutos.", "Copiar código", "Preencher";
    "ro": "{c} este codul tău de verificare.", "Pentru siguranța ta, nu îl trimite nimănui.",
        "Codul expiră în {m} minute.", "Copiază codul", "Completează";
    "ru": "{c} — ваш код подтверждения.", "В целях безопасности никому его не сообщайте.",
        "Код действителен {m} мин.", "Скопировать код", "Автозаполнение";
    "sv": "{c} är din verifieringskod.", "Dela inte koden med någon, för din säkerhets skull.",
        "Koden går ut om {m} minuter.", "Kopiera kod", "Fyll i";
    "th": "{c} คือรหัสยืนยันของคุณ", "เพื่อความปลอดภัย อย่าบอกรหัสนี้กับใคร",
        "รหัสนี้จะหมดอายุใน {m} นาที", "คัดลอกรหัส", "กรอกอัตโนมัติ";
    "tr": "{c} doğrulama kodunuz.", "Güvenliğiniz için bu kodu kimseyle paylaşmayın.",
        "Bu kodun süresi {m} dakika içinde dolar.", "Kodu kopyala", "Otomatik doldur";
    "uk": "{c} — ваш код підтвердження.", "Задля безпеки нікому його не повідомляйте.",
        "Код дійсний {m} хв.", "Скопіювати код", "Автозаповнення";
    "vi": "{c} là mã xác minh của bạn.", "Để bảo mật, đừng chia sẻ mã này.",
        "Mã này hết hạn sau {m} phút.", "Sao chép mã", "Tự động điền";
    "zh_TW": "{c} 是你的驗證碼。", "為了安全，請勿分享此驗證碼。",
        "此驗證碼將在 {m} 分鐘後失效。", "複製驗證碼", "自動填入";
    "zh": "{c} 是你的验证码。", "为了安全，请勿分享此验证码。",
        "此验证码将在 {m} 分钟后失效。", "复制验证码", "自动填写";
}

/// The words in a language, as [`super::render::canonical_language`] writes it.
pub(super) fn of(language: &str) -> &'static Wording {
    let spoken = language.split('_').next().unwrap_or_default();
    let find = |wanted: &str| WORDINGS.iter().find(|wording| wording.language.eq_ignore_ascii_case(wanted));
    find(language).or_else(|| find(spoken)).unwrap_or(&WORDINGS[0])
}

impl Wording {
    /// What stands before the code and what behind it, perhaps with the advice.
    pub(super) fn around(&self, with_advice: bool) -> (String, String) {
        let (before, behind) = self.code.split_once("{c}").unwrap_or(("", self.code));
        let advice = if with_advice { format!(" {}", self.advice) } else { String::new() };
        (before.to_owned(), format!("{behind}{advice}"))
    }

    /// For how long the code is good.
    pub(super) fn expiry(&self, minutes: i64) -> String {
        self.expiry.replace("{m}", &minutes.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_language_has_all_its_words() {
        let languages: BTreeSet<_> = WORDINGS.iter().map(|wording| wording.language).collect();
        assert_eq!(languages.len(), WORDINGS.len(), "each once");
        for wording in WORDINGS {
            let language = wording.language;
            assert_eq!(wording.code.matches("{c}").count(), 1, "{language}");
            assert_eq!(wording.expiry.matches("{m}").count(), 1, "{language}");
            assert!(wording.expiry(90).chars().count() <= 60, "{language}: a footer has 60 characters");
            for label in [wording.copy, wording.autofill] {
                assert!((1..=25).contains(&label.chars().count()), "{language}: a label has 25 characters");
            }
        }
    }

    #[test]
    fn a_region_has_its_words_or_those_of_its_language() {
        assert_eq!(of("pt_BR").language, "pt_BR");
        assert_eq!(of("pt_PT").language, "pt");
        assert_eq!(of("de_AT").language, "de");
        assert_eq!(of("zh_CN").language, "zh");
        assert_eq!(of("xx").language, "en");
    }
}

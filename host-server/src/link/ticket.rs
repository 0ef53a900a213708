//! Tickets: passwords that the client encrypts with a key of ours.
//!
//! RSA with 1024 bits, OAEP and SHA-1, because that is what all clients do. A key serves one link when
//! tickets are checked: a ticket that somebody has listened to is then worth nothing on another link.

use openssl::memcmp;
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};
use wire::link::{MAX_PASSWORD_SIZE, PUBLIC_KEY_SIZE, TICKET_SIZE};

use crate::fault::HostError;

const KEY_BITS: u32 = 1024;

/// A key that clients encrypt their ticket with.
#[derive(Debug)]
pub struct TicketKey {
    private: Rsa<Private>,
    public: [u8; PUBLIC_KEY_SIZE],
}

impl TicketKey {
    /// A new key. Takes some ten milliseconds.
    ///
    /// # Errors
    /// When the system's OpenSSL does not make such keys, as in FIPS mode.
    pub fn generate() -> Result<Self, HostError> {
        let failed = |error| HostError::new(format_args!("no ticket key from openssl: {error}"));
        let private = Rsa::generate(KEY_BITS).map_err(failed)?;
        let public = private.public_key_to_der().map_err(failed)?;
        let public = public.try_into().map_err(|_| HostError::new("openssl made a key of another size"))?;
        Ok(Self { private, public })
    }

    /// The public half as a `SubjectPublicKeyInfo`.
    pub const fn public(&self) -> &[u8; PUBLIC_KEY_SIZE] {
        &self.public
    }

    /// The password in a ticket, up to its terminating 0; `None` when the ticket was made for another key.
    pub fn decrypt(&self, ticket: &[u8; TICKET_SIZE]) -> Option<Vec<u8>> {
        let mut plain = vec![0; TICKET_SIZE];
        let size = self.private.private_decrypt(ticket, &mut plain, Padding::PKCS1_OAEP).ok()?;
        plain.truncate(size);
        let end = plain.iter().position(|byte| *byte == 0).unwrap_or(plain.len());
        plain.truncate(end);
        Some(plain)
    }
}

/// A password that clients have to know. Never empty, at most [`MAX_PASSWORD_SIZE`] bytes, and never shown.
#[derive(Clone)]
pub struct Password([u8; MAX_PASSWORD_SIZE]);

impl Password {
    /// `None` when it is empty, too long or has a 0 inside.
    pub fn new(password: &[u8]) -> Option<Self> {
        let mut padded = [0; MAX_PASSWORD_SIZE];
        padded.get_mut(..password.len())?.copy_from_slice(password);
        (!password.is_empty() && !password.contains(&0)).then_some(Self(padded))
    }

    /// Whether `given` is the password; takes the same time for every `given` of legal size.
    pub fn matches(&self, given: &[u8]) -> bool {
        Self::new(given).is_some_and(|given| memcmp::eq(&self.0, &given.0))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Password(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use openssl::rsa::Rsa;

    use super::*;

    /// What a client does with its password.
    pub(crate) fn encrypt(public: &[u8], password: &[u8]) -> [u8; TICKET_SIZE] {
        let mut ticket = [0; TICKET_SIZE];
        let key = Rsa::public_key_from_der(public).unwrap();
        key.public_encrypt(&[password, b"\0"].concat(), &mut ticket, Padding::PKCS1_OAEP).unwrap();
        ticket
    }

    #[test]
    fn a_ticket_opens_with_its_own_key_only() {
        let (key, other) = (TicketKey::generate().unwrap(), TicketKey::generate().unwrap());
        let ticket = encrypt(key.public(), b"secret");
        assert_eq!(key.decrypt(&ticket).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(other.decrypt(&ticket), None);
        assert_eq!(key.decrypt(&[0xff; TICKET_SIZE]), None);
    }

    #[test]
    fn passwords_match_as_a_whole() {
        let password = Password::new(b"secret").unwrap();
        assert!(password.matches(b"secret"));
        for wrong in [b"secre".as_slice(), b"secret1", b"Secret", b"", &[b'x'; 86]] {
            assert!(!password.matches(wrong), "{wrong:?}");
        }
        assert!(Password::new(&[b'x'; MAX_PASSWORD_SIZE]).is_some());
        assert!(Password::new(&[b'x'; MAX_PASSWORD_SIZE + 1]).is_none());
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}

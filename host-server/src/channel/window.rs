//! Flow control of a channel: how many messages may be on their way to a client.
//!
//! `SET_ACK` tells the client to acknowledge every `size` messages. The server stops when twice that many
//! are unacknowledged, so that one acknowledgement is always under way while the other half travels.

/// The window of one channel of one client.
#[derive(Clone, Debug)]
pub struct AckWindow {
    size: u32,
    generation: u32,
    /// Whether the client knows the current size; what it acknowledges before counts for an older one.
    in_sync: bool,
    unacknowledged: u32,
    /// Messages sent so far.
    sent: u64,
    /// Which of them announced the window last.
    announced: u64,
    /// Those that the client says that it has read.
    read: u64,
}

impl AckWindow {
    /// Messages between two acknowledgements on a fast network, as the original server asks for.
    pub const LAN: u32 = 20;

    /// A window of `size` messages that has not been announced yet.
    pub const fn new(size: u32) -> Self {
        Self { size, generation: 1, in_sync: false, unacknowledged: 0, sent: 0, announced: 0, read: 0 }
    }

    /// Messages between two acknowledgements.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Takes another size, which then has to be announced.
    pub const fn resize(&mut self, size: u32) {
        self.size = size;
        self.generation = self.generation.wrapping_add(1);
        self.in_sync = false;
    }

    /// Fields of the `SET_ACK` message that announces the window: generation and size.
    pub const fn announcement(&self) -> (u32, u32) {
        (self.generation, self.size)
    }

    /// Whether another message may be sent.
    pub const fn is_open(&self) -> bool {
        self.unacknowledged < self.size.saturating_mul(2)
    }

    /// Messages that the client has not acknowledged.
    pub const fn unacknowledged(&self) -> u32 {
        self.unacknowledged
    }

    /// Messages sent so far, which is the last one's serial.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// The serial up to which the client has handled messages: all that it says that it has read but the last one, because clients
    /// acknowledge before they handle.
    pub const fn handled(&self) -> u64 {
        self.read.saturating_sub(1)
    }

    /// A message was sent.
    pub const fn on_sent(&mut self) {
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        self.sent += 1;
    }

    /// The message that was sent last announced the window.
    pub const fn on_announced(&mut self) {
        self.announced = self.sent;
    }

    /// The client has taken over the window's size (`ACK_SYNC`).
    pub const fn on_ack_sync(&mut self, generation: u32) {
        if generation == self.generation {
            self.in_sync = true;
            self.unacknowledged = 0;
            self.read = self.announced;
        }
    }

    /// The client has read as many messages as the window's size (`ACK`). An acknowledgement of messages
    /// that were never sent opens the window no further than to empty. `false` for one that is of an older size.
    pub const fn on_ack(&mut self) -> bool {
        if self.in_sync {
            self.unacknowledged = self.unacknowledged.saturating_sub(self.size);
            let read = self.read + self.size as u64;
            self.read = if read < self.sent { read } else { self.sent };
        }
        self.in_sync
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_at_twice_its_size_and_opens_by_acknowledgement() {
        let mut window = AckWindow::new(2);
        window.on_ack_sync(1);
        for _ in 0..4 {
            assert!(window.is_open());
            window.on_sent();
        }
        assert!(!window.is_open());
        window.on_ack();
        assert!(window.is_open());
        assert_eq!(window.unacknowledged(), 2);
    }

    #[test]
    fn what_is_handled_is_counted_from_the_announcement_and_one_less_than_was_read() {
        let mut window = AckWindow::new(2);
        window.on_sent();
        window.on_sent();
        window.on_announced();
        (0..5).for_each(|_| window.on_sent());
        window.on_ack();
        assert_eq!(window.handled(), 0);
        window.on_ack_sync(1);
        assert_eq!(window.handled(), 1);
        window.on_ack();
        assert_eq!(window.handled(), 3);
        // More than there was.
        window.on_ack();
        window.on_ack();
        assert_eq!((window.handled(), window.sent()), (6, 7));
    }

    #[test]
    fn another_size_counts_when_the_client_has_taken_it_over() {
        let mut window = AckWindow::new(2);
        window.on_ack_sync(1);
        window.on_sent();
        window.resize(4);
        assert_eq!(window.announcement(), (2, 4));
        assert!(!window.on_ack());
        assert_eq!(window.unacknowledged(), 1, "it was for the old size");
        window.on_ack_sync(2);
        for _ in 0..8 {
            assert!(window.is_open());
            window.on_sent();
        }
        assert!(!window.is_open());
    }

    #[test]
    fn ignores_acknowledgements_of_another_generation_and_of_nothing() {
        let mut window = AckWindow::new(2);
        window.on_sent();
        window.on_ack_sync(7);
        window.on_ack();
        assert_eq!(window.unacknowledged(), 1);
        window.on_ack_sync(1);
        window.on_ack();
        window.on_ack();
        assert_eq!(window.unacknowledged(), 0);
    }
}

//! What a client keeps for all of its displays: images under their names, and the images that GLZ streams refer to.
//!
//! Each display has a thread. A message in which these caches have a part is made in a [`Turn`], and one turn of a client follows the
//! other: all such messages stand in one order, and each depends on earlier ones only. The client waits for an image that
//! another display's message brings; for what must not happen too early it is told to wait. As the first message in that
//! order that it has not handled never waits for anything, no displays can wait for each other.
//!
//! Two clients never share anything. What a client says of its caches can harm only itself.

mod dictionary;
mod images;
#[cfg(test)]
mod model;
mod palettes;
mod serials;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image::glz;
use wire::base::{self, ChannelWait, WaitForChannels};
use wire::channel::{ChannelId, ChannelType};
use wire::display::{Init, InvalList, Resource, ResourceType, ServerMessage};

use self::dictionary::SharedDictionary;
pub use self::images::Kept;
use self::images::{Evicted, ImageCache};
pub use self::palettes::PaletteCache;
use self::serials::{Serials, ShareId};
use crate::fault::ClientFault;

/// Pixels that a client's GLZ dictionary holds at most, whatever it asks for.
const MAX_WINDOW: u64 = 4 << 20;

/// The caches of one client. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ClientCaches(Arc<Mutex<Shared>>);

/// A display's part in them. It ends with this value.
#[derive(Debug)]
pub struct Share {
    caches: ClientCaches,
    id: ShareId,
    numbers: Numbers,
}

/// The making of one message, and of those that must come before it. All other displays of the client wait meanwhile.
#[derive(Debug)]
pub struct Turn<'a> {
    shared: MutexGuard<'a, Shared>,
    share: ShareId,
    numbers: Numbers,
    /// Images that the message refers to or brings.
    touched: Vec<u64>,
    evicted: Evicted,
    /// What else has to be handled before.
    after: Serials,
    /// What has to be handled before the image cache is emptied, if it is.
    emptied_after: Option<Serials>,
    has_stream: bool,
    is_finished: bool,
}

/// Which caches a display uses, by the client's numbers for them.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    images: u8,
    dictionary: Option<u8>,
}

#[derive(Debug, Default)]
struct Shared {
    last_id: u64,
    displays: BTreeMap<ShareId, Display>,
    images: BTreeMap<u8, ImageCache>,
    dictionaries: BTreeMap<u8, SharedDictionary>,
}

/// What is known of a display that shares.
#[derive(Debug)]
struct Display {
    channel: u8,
    numbers: Numbers,
    /// The client has handled the messages up to this one.
    handled: u64,
    /// Other displays' messages that this one has waited for.
    waited: Serials,
}

impl ClientCaches {
    /// The part of the display of this number, whose client has sent this message. Of displays that name the same cache, the
    /// first one says how large it is.
    pub fn join(&self, channel: u8, init: &Init) -> Result<Share, ClientFault> {
        let pixels = u64::try_from(init.pixmap_cache_size)
            .map_err(|_| ClientFault::new("image cache of negative size"))?;
        let window = u64::try_from(init.glz_dictionary_window_size).unwrap_or(0).min(MAX_WINDOW);
        let dictionary = (window > 0).then_some(init.glz_dictionary_id);
        let numbers = Numbers { images: init.pixmap_cache_id, dictionary };
        let mut shared = self.lock();
        shared.last_id += 1;
        let id = ShareId(shared.last_id);
        shared.displays.insert(id, Display { channel, numbers, handled: 0, waited: Serials::default() });
        shared.images.entry(numbers.images).or_insert_with(|| ImageCache::new(pixels));
        if let Some(number) = dictionary {
            shared.dictionaries.entry(number).or_insert_with(|| SharedDictionary::new(window));
        }
        drop(shared);
        Ok(Share { caches: self.clone(), id, numbers })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Whether the client has a dictionary for GLZ that can still be used.
    pub fn has_dictionary(&self) -> bool {
        let Some(number) = self.numbers.dictionary else { return false };
        self.caches.lock().dictionaries.get(&number).is_some_and(SharedDictionary::is_open)
    }

    /// Whether other displays may have to wait for a turn of this one.
    pub fn is_shared(&self) -> bool {
        self.caches.lock().displays.len() > 1
    }

    /// Whether the client has an image, or will have it when it has handled what it is sent.
    pub fn has(&self, image: u64) -> bool {
        self.caches.lock().images.get(&self.numbers.images).is_some_and(|images| images.has(image))
    }

    /// The client has handled this display's messages up to that of a serial.
    pub fn on_handled(&self, serial: u64) {
        if let Some(display) = self.caches.lock().displays.get_mut(&self.id) {
            display.handled = serial.max(display.handled);
        }
    }

    /// Begins a message. What is kept, forgotten and referred to is true for the client if it gets the messages of
    /// [`Turn::finish`] and then the one that was made.
    pub fn turn(&self) -> Turn<'_> {
        Turn {
            shared: self.caches.lock(),
            share: self.id,
            numbers: self.numbers,
            touched: Vec::new(),
            evicted: Evicted::default(),
            after: Serials::default(),
            emptied_after: None,
            has_stream: false,
            is_finished: false,
        }
    }
}

/// What the client has yet to be sent of this display it may never get. So what other displays could have used of it is void.
impl Drop for Share {
    fn drop(&mut self) {
        let mut shared = self.caches.lock();
        let Some(Display { handled, .. }) = shared.displays.remove(&self.id) else { return };
        let Shared { displays, images, dictionaries, .. } = &mut *shared;
        displays.values_mut().for_each(|display| display.waited.forget(self.id));
        let is_used = |of: &dyn Fn(&Numbers) -> bool| displays.values().any(|display| of(&display.numbers));
        // The client has what it has. Of caches that nobody uses that is all that is kept in mind.
        if let Some(cache) = images.get_mut(&self.numbers.images) {
            cache.leave(self.id, handled);
            if !is_used(&|numbers| numbers.images == self.numbers.images) {
                cache.abandon();
            }
        }
        if let Some(number) = self.numbers.dictionary
            && let Some(dictionary) = dictionaries.get_mut(&number)
        {
            dictionary.leave(self.id, handled);
            if !is_used(&|numbers| numbers.dictionary == Some(number)) {
                dictionary.end();
            }
        }
    }
}

impl Turn<'_> {
    /// Whether the client has the image, and how; the message refers to it.
    pub fn hit(&mut self, id: u64) -> Option<Kept> {
        let kept = self.images()?.hit(id)?;
        self.touched.push(id);
        Some(kept)
    }

    /// Has the client keep an image of so many pixels, which the message brings. `false` when it is not kept.
    pub fn insert(&mut self, id: u64, pixels: u64) -> bool {
        self.images();
        let Some(cache) = self.shared.images.get_mut(&self.numbers.images) else { return false };
        let kept = cache.insert(id, pixels, &self.touched, &mut self.evicted);
        if kept {
            self.touched.push(id);
            self.after.merge(&cache.before_return_of(id));
        }
        kept
    }

    /// The message brings the exact image in the place of one with loss. Whatever brings or uses that one has to be handled before: a
    /// late one would take the exact image's place.
    pub fn replace(&mut self, id: u64) {
        if let Some(cache) = self.shared.images.get(&self.numbers.images) {
            self.after.merge(&cache.uses_of(id));
        }
    }

    /// Notes how the message brings an image, if that is kept.
    pub fn sent(&mut self, id: u64, kept: Kept) {
        if let Some(cache) = self.images() {
            cache.sent(id, kept);
        }
    }

    /// Whether images have been sent with loss, so that a message has to say when it needs an exact one.
    pub fn has_lost(&mut self) -> bool {
        self.images().is_some_and(|cache| cache.has_lost())
    }

    /// Has the client forget all images.
    pub fn empty(&mut self) {
        if let Some(cache) = self.shared.images.get_mut(&self.numbers.images) {
            cache.condemn();
        }
        self.images();
    }

    /// What makes GLZ streams, if there may be any; with a stream in the message, [`Turn::note_stream`] has to follow.
    pub fn dictionary(&mut self) -> Option<&mut glz::Dictionary> {
        self.shared.dictionaries.get_mut(&self.numbers.dictionary?)?.streams()
    }

    /// The message has a stream of the dictionary's.
    pub const fn note_stream(&mut self) {
        self.has_stream = true;
    }

    /// Ends the turn. Returns what the client must be sent before the message, in order, the first of it under the serial `next`.
    pub fn finish(mut self, next: u64) -> Vec<ServerMessage> {
        let mut before = Vec::new();
        let Self { touched, evicted, numbers, share, has_stream, .. } = &mut self;
        let (touched, share, numbers, has_stream) = (std::mem::take(touched), *share, *numbers, *has_stream);
        let Evicted { names, after } = std::mem::take(evicted);
        let uses_images = !touched.is_empty() || !names.is_empty() || self.emptied_after.is_some();
        if let Some(after) = self.emptied_after.take() {
            let waits = self.shared.waits(share, &after);
            before.push(ServerMessage::InvalAllPixmaps(WaitForChannels { waits }));
            if let Some(cache) = self.shared.images.get_mut(&numbers.images) {
                cache.emptied_by(share, next);
            }
        }
        self.after.merge(&after);
        let waits = self.shared.waits(share, &self.after);
        if !waits.is_empty() {
            let wait = base::ServerMessage::WaitForChannels(WaitForChannels { waits });
            before.push(ServerMessage::Base(wait));
        }
        if !names.is_empty() {
            if let Some(cache) = self.shared.images.get_mut(&numbers.images) {
                cache.note_thrown_out(&names, share, next + before.len() as u64);
            }
            let resource = |id| Resource { resource_type: ResourceType::PIXMAP, id };
            let resources = names.into_iter().map(resource).collect();
            before.push(ServerMessage::InvalList(InvalList { resources }));
        }
        let message = next + before.len() as u64;
        if let Some(cache) = self.shared.images.get_mut(&numbers.images).filter(|_| uses_images) {
            // Nothing may wait for a message that does not come.
            cache.note_use(share, if touched.is_empty() { message - 1 } else { message });
            cache.stamp(&touched, share, message);
        }
        if has_stream && let Some(dictionary) = self.shared.dictionary(numbers) {
            dictionary.note_use(share, message);
        }
        self.is_finished = true;
        before
    }

    /// The image cache as the client will have it when it has waited for what it has to.
    fn images(&mut self) -> Option<&mut ImageCache> {
        let cache = self.shared.images.get_mut(&self.numbers.images)?;
        if let Some(uses) = cache.empty_if_condemned() {
            self.emptied_after = Some(uses);
        } else if let Some((by, serial)) = cache.emptied_for(self.share) {
            self.after.note(by, serial);
        }
        Some(cache)
    }
}

/// A turn that ended by a panic has promised what the client does not get.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let numbers = self.numbers;
        if let Some(cache) = self.shared.images.get_mut(&numbers.images) {
            cache.condemn();
        }
        if let Some(dictionary) = self.shared.dictionary(numbers) {
            dictionary.end();
        }
    }
}

impl Shared {
    fn dictionary(&mut self, numbers: Numbers) -> Option<&mut SharedDictionary> {
        self.dictionaries.get_mut(&numbers.dictionary?)
    }

    /// What a display's next message has to wait for, of these messages: those that the client may not have handled, and that the
    /// display has not waited for before.
    fn waits(&mut self, share: ShareId, messages: &Serials) -> Vec<ChannelWait> {
        let mut waits = Vec::new();
        if messages.is_empty() {
            return waits;
        }
        let mut waited = match self.displays.get_mut(&share) {
            Some(display) => std::mem::take(&mut display.waited),
            None => return waits,
        };
        for (other, serial) in messages.iter().filter(|(other, _)| *other != share) {
            let Some(display) = self.displays.get(&other) else { continue };
            if serial > display.handled && serial > waited.get(other) {
                waited.note(other, serial);
                let channel = ChannelId { channel_type: ChannelType::DISPLAY, id: display.channel };
                waits.push(ChannelWait { channel, serial });
            }
        }
        if let Some(display) = self.displays.get_mut(&share) {
            display.waited = waited;
        }
        waits
    }
}

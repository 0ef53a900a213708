//! Threads that encode images ahead of their turn, for all displays of a server.
//!
//! A display's thread sends what its clients are due in order, and encodes what is not ready itself; it hands the images
//! that come next to the pool. The pool never waits for anything, and whoever it has done something for is woken.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::Codec;
use super::compressor::Compressor;
use super::encoding::Encoded;
use crate::display::picture::Image;

/// Called on a thread of the pool, or on one that encodes a video, when something is ready. Must not block.
#[derive(Clone)]
pub struct Wake(Arc<dyn Fn() + Send + Sync>);

/// The threads; they start with the first image, and end with the pool.
pub struct Pool {
    shared: Arc<Shared>,
    limit: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that wait for a job.
    idle: usize,
    closed: bool,
}

struct Job {
    image: Arc<Image>,
    codec: Codec,
    wake: Wake,
}

impl Wake {
    /// Calls `wake`.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Wakes.
    pub fn call(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}

impl Pool {
    /// Threads that a server has at the most, however many cores there are: other machines want theirs.
    const MAX_THREADS: usize = 8;

    /// A pool of so many threads; with none, every display encodes by itself.
    pub fn new(threads: usize) -> Self {
        let limit = threads.min(Self::MAX_THREADS);
        Self { shared: Arc::default(), limit, threads: Mutex::default() }
    }

    /// Threads that leave a core to the display's own, four at the most.
    pub fn usual_threads() -> usize {
        std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1).min(4)
    }

    /// How many threads there may be.
    pub const fn threads(&self) -> usize {
        self.limit
    }

    /// Encodes an image that has been enqueued.
    pub fn submit(&self, image: &Arc<Image>, codec: Codec, wake: &Wake) {
        let mut queue = self.shared.lock();
        queue.jobs.push_back(Job { image: image.clone(), codec, wake: wake.clone() });
        let wanting = queue.jobs.len() > queue.idle;
        drop(queue);
        self.shared.changed.notify_one();
        if wanting {
            self.grow();
        }
    }

    /// Starts another thread, if there may be one.
    fn grow(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.len() >= self.limit {
            return;
        }
        let shared = self.shared.clone();
        match crate::thread::spawn_masked("SPICE encode", move || shared.work()) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                tracing::warn!(%error, "no thread for encoding");
                // Displays encode themselves what nobody has begun; without a thread nobody ever would.
                if threads.is_empty() {
                    self.shared.lock().jobs.clear();
                }
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread for encoding ended by a panic");
            }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut compressor = Compressor::new();
        while let Some(job) = self.next() {
            job.run(&mut compressor);
        }
    }

    /// The next job, when there is one; `None` when the pool ends.
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue.idle += 1;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

impl Job {
    fn run(self, compressor: &mut Compressor) {
        let Self { image, codec, wake } = self;
        // An image that nobody else has any more will not be sent.
        if Arc::strong_count(&image) == 1 || !image.encoding.take_queued() {
            return;
        }
        let body = compressor.compress_in_any_case(&image.bitmap, codec);
        image.encoding.set(Encoded { codec, body });
        wake.call();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use image::bitmap::{Bitmap, BitmapFormat, Layout};
    use image::geometry::Size;
    use wire::image::ImageBody;

    use super::*;

    fn image() -> Arc<Image> {
        let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(64, 64)).unwrap();
        let bitmap = Bitmap::new(layout, None, vec![7; 64 * 64 * 4].into()).unwrap();
        Arc::new(Image::new(bitmap))
    }

    #[test]
    fn what_is_submitted_is_encoded_and_its_owner_woken() {
        let pool = Pool::new(2);
        let (woken, wakes) = channel();
        let wake = Wake::new(move || woken.send(()).unwrap_or_default());
        let images: Vec<_> = (0..20).map(|_| image()).collect();
        for image in &images {
            assert!(image.encoding.enqueue());
            pool.submit(image, Codec::Lz, &wake);
        }
        for _ in &images {
            wakes.recv_timeout(Duration::from_secs(30)).expect("an image is ready");
        }
        let is_lz = |image: &Arc<Image>| {
            image.encoding.get().is_some_and(|encoded| matches!(encoded.body, ImageBody::LzRgb(_)))
        };
        assert!(images.iter().all(is_lz));
    }

    #[test]
    fn what_nobody_wants_any_more_is_passed_over_and_the_pool_ends() {
        let pool = Pool::new(1);
        let (woken, wakes) = channel();
        let wake = Wake::new(move || woken.send(()).unwrap_or_default());
        let (dropped, taken, last) = (image(), image(), image());
        assert!(dropped.encoding.enqueue() && taken.encoding.enqueue() && last.encoding.enqueue());
        assert!(taken.encoding.take_queued());
        pool.submit(&dropped, Codec::Lz, &wake);
        let weak = Arc::downgrade(&dropped);
        drop(dropped);
        pool.submit(&taken, Codec::Lz, &wake);
        pool.submit(&last, Codec::Lz, &wake);
        wakes.recv_timeout(Duration::from_secs(30)).expect("the last image is ready");
        assert!(taken.encoding.is_busy());
        drop(pool);
        assert!(weak.upgrade().is_none());
    }
}

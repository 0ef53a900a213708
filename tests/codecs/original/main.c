/*
 * The image encoders of the original, behind lines of text on the standard streams.
 *
 * The bench `codecs` builds this with the sources of Debian's package and asks it for times and streams; nothing else of the
 * original runs. It is a process of its own, so that the two sides share neither memory nor code. Requests, each answered by
 * one line that begins with "ok":
 *
 *   image NAME FORMAT WIDTH HEIGHT FILE     pixels in a format of SPICE_BITMAP_FMT_*, rows from the top without padding
 *   encode CODEC REPEATS FOLDER NAME...     "ok NANOSECONDS BYTES": the processor time of the last image's encoding, the
 *                                           mean of the repeats, and its stream's length. All images of a repeat share a GLZ
 *                                           dictionary, which is new for each. Unless FOLDER is "-", each stream goes into
 *                                           the file FOLDER/NAME.CODEC.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spice/enums.h>

#include "common/lz.h"
#include "common/quic.h"
#include "glz-encoder.h"
#include "lz4-encoder.h"

/* Pixels of a dictionary; what the original gives a client with the defaults of spice-gtk is more. */
#define WINDOW_PIXELS (8 << 20)
/* What the original's encoders write into: buffers of this size, one after the other. */
#define BUFFER_BYTES (64 * 1024)
#define MAX_BUFFERS 4096
#define MAX_IMAGES 64

struct image {
    char name[64];
    int format, width, height, stride;
    uint8_t *pixels;
};

static struct image images[MAX_IMAGES];
static int image_count;

static uint8_t *buffers[MAX_BUFFERS];
static int buffer_count;

static const struct image *current;
static int lines_taken;

static void fail(const char *what)
{
    fprintf(stderr, "original: %s\n", what);
    exit(1);
}

static uint8_t *next_buffer(void)
{
    if (buffer_count == MAX_BUFFERS)
        fail("a stream is too long");
    if (!buffers[buffer_count])
        buffers[buffer_count] = malloc(BUFFER_BYTES);
    return buffers[buffer_count++];
}

static int more_space(uint8_t **io_ptr)
{
    *io_ptr = next_buffer();
    return BUFFER_BYTES;
}

static int more_lines(uint8_t **lines)
{
    if (lines_taken)
        return 0;
    lines_taken = 1;
    *lines = current->pixels;
    return current->height;
}

/* The encoders' callbacks. */

static SPICE_GNUC_NORETURN void quic_failed(QuicUsrContext *usr, const char *fmt, ...) { fail(fmt); }
static void quic_said(QuicUsrContext *usr, const char *fmt, ...) {}
static void *quic_malloc(QuicUsrContext *usr, int size) { return malloc(size); }
static void quic_free(QuicUsrContext *usr, void *ptr) { free(ptr); }
static int quic_more_lines(QuicUsrContext *usr, uint8_t **lines) { return more_lines(lines); }
static int quic_more_space(QuicUsrContext *usr, uint32_t **io_ptr, int rows_completed)
{
    return more_space((uint8_t **)io_ptr) / 4;
}
static QuicUsrContext quic_usr = {
    quic_failed, quic_said, quic_said, quic_malloc, quic_free, quic_more_space, quic_more_lines,
};

static SPICE_GNUC_NORETURN void lz_failed(LzUsrContext *usr, const char *fmt, ...) { fail(fmt); }
static void lz_said(LzUsrContext *usr, const char *fmt, ...) {}
static void *lz_malloc(LzUsrContext *usr, int size) { return malloc(size); }
static void lz_free(LzUsrContext *usr, void *ptr) { free(ptr); }
static int lz_more_space(LzUsrContext *usr, uint8_t **io_ptr) { return more_space(io_ptr); }
static int lz_more_lines(LzUsrContext *usr, uint8_t **lines) { return more_lines(lines); }
static LzUsrContext lz_usr = {
    lz_failed, lz_said, lz_said, lz_malloc, lz_free, lz_more_space, lz_more_lines,
};

static void glz_failed(GlzEncoderUsrContext *usr, const char *fmt, ...) { fail(fmt); }
static void glz_said(GlzEncoderUsrContext *usr, const char *fmt, ...) {}
static void *glz_malloc(GlzEncoderUsrContext *usr, int size) { return malloc(size); }
static void glz_free(GlzEncoderUsrContext *usr, void *ptr) { free(ptr); }
static int glz_more_lines(GlzEncoderUsrContext *usr, uint8_t **lines) { return more_lines(lines); }
static int glz_more_space(GlzEncoderUsrContext *usr, uint8_t **io_ptr) { return more_space(io_ptr); }
static void glz_free_image(GlzEncoderUsrContext *usr, GlzUsrImageContext *image) {}
static GlzEncoderUsrContext glz_usr = {
    glz_failed, glz_said, glz_said, glz_malloc, glz_free, glz_more_lines, glz_more_space, glz_free_image,
};

static int lz4_more_space(Lz4EncoderUsrContext *usr, uint8_t **io_ptr) { return more_space(io_ptr); }
static int lz4_more_lines(Lz4EncoderUsrContext *usr, uint8_t **lines) { return more_lines(lines); }
static Lz4EncoderUsrContext lz4_usr = { lz4_more_space, lz4_more_lines };

static QuicImageType quic_type(int format)
{
    switch (format) {
    case SPICE_BITMAP_FMT_16BIT: return QUIC_IMAGE_TYPE_RGB16;
    case SPICE_BITMAP_FMT_24BIT: return QUIC_IMAGE_TYPE_RGB24;
    case SPICE_BITMAP_FMT_32BIT: return QUIC_IMAGE_TYPE_RGB32;
    case SPICE_BITMAP_FMT_RGBA: return QUIC_IMAGE_TYPE_RGBA;
    case SPICE_BITMAP_FMT_8BIT_A: return QUIC_IMAGE_TYPE_GRAY;
    default: fail("no QUIC of this format");
    }
    return QUIC_IMAGE_TYPE_INVALID;
}

static LzImageType lz_type(int format)
{
    if (format == SPICE_BITMAP_FMT_8BIT_A)
        return LZ_IMAGE_TYPE_A8;
    return (LzImageType)format;
}

struct encoders {
    QuicContext *quic;
    LzContext *lz;
    Lz4EncoderContext *lz4;
    GlzEncDictContext *dictionary;
    GlzEncoderContext *glz;
};

static int encode_image(const struct encoders *with, const char *codec, const struct image *image)
{
    GlzEncDictImageContext *in_dictionary;
    uint8_t *first;

    current = image;
    /* All but LZ4 are given the image's lines with the call. */
    lines_taken = strcmp(codec, "lz4") != 0;
    buffer_count = 0;
    first = next_buffer();
    if (!strcmp(codec, "quic"))
        return 4 * quic_encode(with->quic, quic_type(image->format), image->width, image->height, image->pixels,
                               image->height, image->stride, (uint32_t *)first, BUFFER_BYTES / 4);
    if (!strcmp(codec, "lz"))
        return lz_encode(with->lz, lz_type(image->format), image->width, image->height, 1, image->pixels,
                         image->height, image->stride, first, BUFFER_BYTES);
    if (!strcmp(codec, "lz4"))
        return lz4_encode(with->lz4, image->height, image->stride, first, BUFFER_BYTES, 1, image->format);
    return glz_encode(with->glz, lz_type(image->format), image->width, image->height, 1, image->pixels,
                      image->height, image->stride, first, BUFFER_BYTES, NULL, &in_dictionary);
}

static int64_t processor_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void write_stream(const char *folder, const char *name, const char *codec, int bytes)
{
    char path[4096];
    FILE *file;
    int i, rest = bytes;

    snprintf(path, sizeof(path), "%s/%s.%s", folder, name, codec);
    file = fopen(path, "wb");
    if (!file)
        fail("cannot write a stream");
    for (i = 0; rest > 0; i++, rest -= BUFFER_BYTES)
        fwrite(buffers[i], 1, rest < BUFFER_BYTES ? rest : BUFFER_BYTES, file);
    if (fclose(file))
        fail("cannot write a stream");
}

static const struct image *find(const char *name)
{
    int i;
    for (i = 0; i < image_count; i++)
        if (!strcmp(images[i].name, name))
            return &images[i];
    fail("no such image");
    return NULL;
}

static void encode(char *words)
{
    const char *codec = strtok(words, " "), *repeats = strtok(NULL, " "), *folder = strtok(NULL, " ");
    const struct image *sequence[MAX_IMAGES];
    struct encoders with;
    int64_t total = 0;
    int i, count = 0, bytes = 0, left;
    char *name;

    while ((name = strtok(NULL, " ")) && count < MAX_IMAGES)
        sequence[count++] = find(name);
    if (!count)
        fail("a request without an image");
    with.quic = quic_create(&quic_usr);
    with.lz = lz_create(&lz_usr);
    with.lz4 = lz4_encoder_create(&lz4_usr);
    for (left = atoi(repeats); left > 0; left--) {
        with.dictionary = glz_enc_dictionary_create(WINDOW_PIXELS, 1, &glz_usr);
        with.glz = glz_encoder_create(0, with.dictionary, &glz_usr);
        for (i = 0; i < count; i++) {
            int64_t before = processor_time();
            bytes = encode_image(&with, codec, sequence[i]);
            if (i == count - 1)
                total += processor_time() - before;
            if (strcmp(folder, "-"))
                write_stream(folder, sequence[i]->name, codec, bytes);
        }
        glz_encoder_destroy(with.glz);
        glz_enc_dictionary_destroy(with.dictionary, &glz_usr);
    }
    quic_destroy(with.quic);
    lz_destroy(with.lz);
    lz4_encoder_destroy(with.lz4);
    printf("ok %lld %d\n", (long long)(total / atoi(repeats)), bytes);
}

static int row_bytes(int format, int width)
{
    static const int bits[] = { 0, 1, 1, 4, 4, 8, 16, 24, 32, 32, 8 };
    return (width * bits[format] + 7) / 8;
}

static void load(char *words)
{
    struct image *image = &images[image_count];
    char path[4096];
    size_t bytes;
    FILE *file;

    if (image_count == MAX_IMAGES
        || sscanf(words, "%63s %d %d %d %4095[^\n]", image->name, &image->format, &image->width, &image->height, path) != 5
        || image->format < SPICE_BITMAP_FMT_1BIT_LE || image->format > SPICE_BITMAP_FMT_8BIT_A)
        fail("no image can be made of that");
    image->stride = row_bytes(image->format, image->width);
    bytes = (size_t)image->stride * image->height;
    image->pixels = malloc(bytes);
    file = fopen(path, "rb");
    if (!file || fread(image->pixels, 1, bytes, file) != bytes)
        fail("an image cannot be read");
    fclose(file);
    image_count++;
    puts("ok");
}

int main(void)
{
    char line[8192];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "image ", 6))
            load(line + 6);
        else if (!strncmp(line, "encode ", 7))
            encode(line + 7);
        else
            fail("a request that does not exist");
    }
    return 0;
}

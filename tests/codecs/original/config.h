/* What the original's build system would have found out, as far as its image encoders ask. */
#define USE_LZ4 1
#define HAVE_LZ4_COMPRESS_FAST_CONTINUE 1

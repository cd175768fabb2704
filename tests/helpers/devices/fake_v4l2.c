/* A Video4Linux camera without a camera: preloaded (LD_PRELOAD), it answers for any opened file whose name holds
   "fakevideo". The file's text says what the camera does: "run" (30 frames/s, 640x480 YUYV, each stamped 12 ms before
   it can be read, on wall time where FAKE_WALL is set), "stall" (sends nothing), "gone" (unplugged). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 480, SIZE = WIDTH * HEIGHT * 2, BUFFERS = 16, STRIDE = 0x1000000 };
#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int camera = -1;
static char path[512];
static unsigned char *buffers[BUFFERS];
static unsigned queue[BUFFERS], head, tail, count;
static double next_frame;

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int camera_is(const char *state) {
    REAL(int, "open64", const char *, int, ...);
    char text[16] = {0};
    int file = real(path, O_RDONLY);
    if (file < 0) return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    return size > 0 && !strncmp(text, state, strlen(state));
}

static int fail(int number) {
    errno = number;
    return -1;
}

int open64(const char *name, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    if (!strstr(name, "fakevideo") || !(flags & O_RDWR)) return real(name, flags, mode);
    strncpy(path, name, sizeof path - 1);
    if (camera_is("gone")) return fail(ENODEV);
    if (camera >= 0) return fail(EBUSY);
    head = tail = count = 0;
    return camera = real(name, O_RDONLY);
}

int close(int file) {
    REAL(int, "close", int);
    if (file == camera) camera = -1;
    return real(file);
}

void *mmap64(void *at, size_t size, int access, int flags, int file, off64_t offset) {
    REAL(void *, "mmap64", void *, size_t, int, int, int, off64_t);
    if (file != camera || file < 0) return real(at, size, access, flags, file, offset);
    return buffers[offset / STRIDE] = real(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int dequeue(struct v4l2_buffer *buffer) {
    for (;; usleep(2000)) {
        double now = seconds(CLOCK_MONOTONIC);
        if (camera_is("gone")) return fail(ENODEV);
        if (!camera_is("stall") && now >= next_frame && head < tail) {
            double stamp = next_frame - 0.012 + (getenv("FAKE_WALL") ? seconds(CLOCK_REALTIME) - now : 0);
            buffer->index = queue[head++ % BUFFERS];
            memset(buffers[buffer->index], 128, SIZE);
            buffer->timestamp.tv_sec = (long)stamp;
            buffer->timestamp.tv_usec = (stamp - (long)stamp) * 1e6;
            buffer->bytesused = SIZE;
            buffer->flags = 0;
            next_frame = (now - next_frame > 1 ? now : next_frame) + 1 / 30.0;
            return 0;
        }
        if (fcntl(camera, F_GETFL) & O_NONBLOCK) return fail(EAGAIN);
    }
}

int ioctl(int file, unsigned long request, ...) {
    REAL(int, "ioctl", int, unsigned long, ...);
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (file != camera || file < 0 || request == FIONBIO) return real(file, request, argument);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = argument;
        memset(c, 0, sizeof *c);
        c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        c->capabilities = c->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_G_INPUT: return *(int *)argument = 0;
    case VIDIOC_ENUMINPUT: return ((struct v4l2_input *)argument)->index ? fail(EINVAL) : 0;
    case VIDIOC_ENUM_FMT:
        ((struct v4l2_fmtdesc *)argument)->pixelformat = V4L2_PIX_FMT_YUYV;
        return ((struct v4l2_fmtdesc *)argument)->index ? fail(EINVAL) : 0;
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT: {
        struct v4l2_pix_format *f = &((struct v4l2_format *)argument)->fmt.pix;
        f->width = WIDTH, f->height = HEIGHT, f->pixelformat = V4L2_PIX_FMT_YUYV, f->field = V4L2_FIELD_NONE;
        f->sizeimage = SIZE, f->bytesperline = WIDTH * 2;
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_captureparm *p = &((struct v4l2_streamparm *)argument)->parm.capture;
        p->capability = V4L2_CAP_TIMEPERFRAME, p->timeperframe.numerator = 1, p->timeperframe.denominator = 30;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *r = argument;
        if (r->count > BUFFERS) r->count = BUFFERS;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = argument;
        b->length = SIZE, b->m.offset = b->index * STRIDE;
        return 0;
    }
    case VIDIOC_QBUF: queue[tail++ % BUFFERS] = ((struct v4l2_buffer *)argument)->index; return 0;
    case VIDIOC_STREAMON: next_frame = seconds(CLOCK_MONOTONIC) + 0.2; return 0;
    case VIDIOC_STREAMOFF: return 0;
    case VIDIOC_DQBUF: return dequeue(argument);
    }
    return fail(EINVAL);
}

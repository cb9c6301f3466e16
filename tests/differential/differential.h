/* SPDX-License-Identifier: MIT */
/*
 * The random differential test: the same calls on a device of the kernel and on a simulated device,
 * in one process, one step after the other. After each step the results, the output of the call, the
 * counts of the eventfds and the device's state in sysfs must be the same on both sides.
 *
 * A step is a verb and its words, in the language of the conformance suite (tests/uapi/steps.h). A
 * sequence that shows a difference can therefore become a row of that suite, or of regressions.c.
 */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- steps ---- */

/* The files of a side. "a" and "b" are fds that a sequence opens. */
enum slot {
	SLOT_DEV,
	SLOT_GROUP,
	SLOT_CONTAINER,
	SLOT_E0,
	SLOT_W = SLOT_E0 + 5,
	SLOT_S, /* an eventfd with EFD_SEMAPHORE */
	SLOT_NULL,
	SLOT_CLOSED,
	SLOT_A,
	SLOT_B,
	SLOT_OTHER, /* the device that is not the current one */
	SLOTS
};

#define EVENTS	  (SLOT_S - SLOT_E0 + 1)
#define WORDS_MAX 16

enum verb {
	FEATURE,
	GET_INFO,
	GET_REGION_INFO,
	GET_IRQ_INFO,
	SET_IRQS,
	RESET,
	HOT_RESET_INFO,
	HOT_RESET,
	IOEVENTFD,
	GET_STATUS,
	IOCTL,
	GET_DEVICE_FD,
	DUP,
	CLOSE,
	REOPEN,
	READ,
	WRITE,
	PEEK,
	POKE,
	CONFIG,
	MMAP,
	MAP,
	UNMAP,
	ADD,
	TAKE,
	CONTROL,
	D3COLD_ALLOWED,
	HOST_RESET,
	LSPCI,
	FIRE,
	SWITCH,
	VERBS
};

/* A word is a number of 32 bits, or FD and a slot. */
#define FD	      (UINT64_C(1) << 32)
#define FD_WORD(slot) (FD | (slot))
#define IS_FD(word)   (((word)&FD) != 0)
#define SLOT_OF(word) ((enum slot)((word)&0xff))

struct step {
	enum verb verb;
	unsigned count;
	uint64_t words[WORDS_MAX];
};

#define STEPS_MAX 64

struct sequence {
	unsigned count;
	struct step steps[STEPS_MAX];
};

/* text.c. The functions append to the text, or abort if the text of a sequence is wrong. */
void step_print(const struct step *step, char *text, size_t size);
/* Append to a text, as far as it fits. */
void text_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void sequence_print(const struct sequence *sequence, char *text, size_t size);
void sequence_parse(const char *text, struct sequence *sequence);

/* ---- sides ---- */

#define DEVICES_MAX 2

/* Two devices are functions of the same device, and in one group. */
struct device {
	struct sim_device *sim; /* of a model, else NULL */
	char address[16];
	unsigned cdev;		 /* the number of its cdev */
	volatile uint32_t *map;	 /* the first page of BAR 0, or NULL */
	int status, power_state; /* sysfs attributes */
};

struct side {
	bool is_model;
	unsigned bus;
	struct device devices[DEVICES_MAX];
	unsigned device_count;
	struct device *device; /* the current one: its fd is in SLOT_DEV */
	int fds[SLOTS];	       /* -1: not open */
	int fdinfos[EVENTS];   /* of the eventfds; 0: none */
	char *pages;	       /* the second page is inaccessible */
};

/* calls.c: a call on the files of the side. Each function returns a result or -errno. */
int side_ioctl(const struct side *side, int fd, unsigned long request, void *arg);
int side_open(const struct side *side, const char *path, int flags);
int side_close(const struct side *side, int fd);
int side_dup(const struct side *side, int fd);
ssize_t side_pread(const struct side *side, int fd, void *buffer, size_t count, off_t offset);
ssize_t side_pwrite(const struct side *side, int fd, const void *buffer, size_t count,
		    off_t offset);
ssize_t side_read(const struct side *side, int fd, void *buffer, size_t count);
ssize_t side_write(const struct side *side, int fd, const void *buffer, size_t count);
/* Returns NULL and a negative errno. */
void *side_mmap(const struct side *side, size_t length, int flags, int fd, off_t offset,
		int *ret_error);
void side_munmap(const struct side *side, void *map, size_t length);
bool side_faults(const volatile uint32_t *map);
/* The counts of the EVENTS eventfds, which stay unread. */
void eventfd_counts(const int *fds, const int *fdinfos, uint64_t *ret_counts);
int open_fdinfo(int eventfd);
/* Call this function once before side_faults(). */
void catch_faults(void);

/* side.c */
void side_begin(struct side *side, bool is_model);
/* sim is NULL on the side of the kernel. */
void side_add_device(struct side *side, struct sim_device *sim, const char *address);
/* Make the device with this number the current one, if there is such a device. */
void side_select(struct side *side, unsigned number);
/* Close all files, and open the devices again. By cdev, there is no group, and the iommufd is in
 * SLOT_CONTAINER. */
void side_reopen(struct side *side, bool by_cdev);
void side_close_all(struct side *side);
void side_new_eventfds(struct side *side);
int side_host_write(const struct side *side, const char *attribute, const char *text);
int side_host_read(const struct side *side, const char *attribute, void *buffer, size_t size);

/* What is compared after each step. */
struct state {
	uint64_t counts[EVENTS];
	struct device_state {
		char status[16], power_state[16]; /* power/runtime_status and power_state */
		int faults; /* the mapping of BAR 0 raises SIGBUS; -1: not mapped */
	} devices[DEVICES_MAX];
};

/* Observe only the status of the devices if it is not as expected. NULL: observe all. */
void side_observe(struct side *side, struct state *state, const struct state *expected);

/* execute.c: what a step returned. */
#define BYTES_MAX 64

struct outcome {
	long result; /* an fd is 0 */
	/* The argument of an ioctl after the call. UNCHANGED: the call did not change this word. */
	uint64_t words[WORDS_MAX];
	unsigned byte_count;
	uint8_t bytes[BYTES_MAX];
};

#define UNCHANGED UINT64_MAX

void side_execute(struct side *side, const struct step *step, struct outcome *outcome);

/* interrupts.c: let the device raise an interrupt of the enabled index, INTx or MSI-X, and clear its
 * cause. These are the steps "fire" and "clear" of the conformance suite. */
void side_fire(const struct side *side, uint32_t index, uint32_t vector);

/* ---- generate.c ---- */

/* Where the device reaches only D3hot, QEMU's root port does not report an active link after a hot
 * reset, and the kernel gives up (tests/uapi/rows-reset.c). */
void generate_hot_resets(bool can);
void generate_two_devices(bool are);
void generate_cdevs(bool exist);

/* The sequence with this number of this seed. The same arguments make the same sequence. */
void sequence_generate(uint64_t seed, unsigned number, unsigned length, struct sequence *sequence);
/* True if the sequence can leave the device in a state that only a new open ends. */
bool sequence_needs_reopen(const struct sequence *sequence);

/* ---- compare.c ---- */

struct pair {
	struct side kernel, model;
	bool cannot_fire;  /* no device raises interrupts on the side of the kernel */
	bool was_in_d3hot; /* by a step of this sequence */
	bool has_cdevs;
};

/* Execute a sequence from a known state. Returns true if both sides behave the same. Otherwise the
 * text describes the difference at the last executed step, whose index is stored. */
bool pair_run(struct pair *pair, const struct sequence *sequence, unsigned *ret_step, char *text,
	      size_t size);
/* Open the device again on both sides. */
void pair_reopen(struct pair *pair);
/* Remove steps as long as the difference stays. Returns false if the sequence shows no difference
 * on a device that was just opened. */
bool pair_shrink(struct pair *pair, struct sequence *sequence);

/* ---- regressions.c ---- */

struct regression {
	const char *steps;
	const char *fixed; /* what the simulator did otherwise */
};

extern const struct regression regressions[];
extern const size_t regression_count;

#endif

/*
 * Preloaded into user-mode Linux 6.1, whose buffer for extended processor state is
 * too small where the processor has AMX: the host then refuses to set a part of the
 * state. Completes what it gives with what the process has.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char whole[65536];

long ptrace(enum __ptrace_request request, ...)
{
	va_list words;
	long word, result;

	va_start(words, request);
	long pid = va_arg(words, int);
	void *address = va_arg(words, void *);
	void *data = va_arg(words, void *);
	va_end(words);
	if (request == PTRACE_SETREGSET && (long) address == NT_X86_XSTATE) {
		struct iovec *given = data, all = { whole, sizeof whole };

		if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &all) < 0)
			return -1;
		if (given->iov_len < all.iov_len) {
			memcpy(whole, given->iov_base, given->iov_len);
			return syscall(SYS_ptrace, request, pid, address, &all);
		}
	}
	if (request < PTRACE_PEEKTEXT || request > PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, address, data);
	/* The library returns the word that was read; the kernel stores it. */
	result = syscall(SYS_ptrace, request, pid, address, &word);
	if (result < 0)
		return -1;
	errno = 0;
	return word;
}

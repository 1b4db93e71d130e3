/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many times slower than usual the machine is, as whoever starts the tests
 * says it (TCPSTATE_SLOW, 1 if unset): a debug kernel under emulation is several
 * times slower. Deadlines are multiplied by it; they make no test pass.
 */
#ifndef TCPSTATE_SELFTESTS_SLOW_H
#define TCPSTATE_SELFTESTS_SLOW_H

int slow_factor(void);

#endif /* TCPSTATE_SELFTESTS_SLOW_H */

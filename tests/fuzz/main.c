// SPDX-License-Identifier: GPL-2.0
/*
 * The door of a fuzz target: libFuzzer's, or with -DREPLAY a program that runs
 * the inputs of a file once each and needs no clang.  A line of the file is an
 * input, two hexadecimal digits for an octet; a line that begins with # is none.
 */
#include "fuzz.h"

#ifndef REPLAY

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	return fuzz_one(data, len);
}

#else

/* Exactly as long as the input is, so that ASan sees a read behind it. */
static void replay(const char *line)
{
	size_t len = 0, room = strlen(line) / 2;
	u8 *data = malloc(room ? room : 1);
	unsigned int octet;

	must(data);
	while (sscanf(line + 2 * len, "%2x", &octet) == 1)
		data[len++] = octet;
	must(len == room);
	fuzz_one(data, len);
	free(data);
}

static unsigned int replay_file(const char *name)
{
	FILE *file = fopen(name, "r");
	unsigned int inputs = 0;
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		perror(name);
		return 0;
	}
	while (getline(&line, &size, file) > 0) {
		if (line[0] == '#')
			continue;
		replay(line);
		inputs++;
	}
	free(line);
	fclose(file);
	return inputs;
}

int main(int argc, char **argv)
{
	unsigned int inputs = 0;
	int i;

	for (i = 1; i < argc; i++)
		inputs += replay_file(argv[i]);
	printf("%u inputs\n", inputs);
	return !inputs;
}

#endif /* REPLAY */

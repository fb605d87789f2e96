/* work: the workloads, one an image (-DWORK=name); each prints a checksum and how long it took in
 * ticks of `time`. Bare machine: no library, no operating system. */
#include <stdint.h>

enum { MEGA = 1 << 20 };
#define UART ((volatile uint8_t *)0x10000000)

static uint8_t arena[24 * MEGA] __attribute__((aligned(4096)));

static void print(uint64_t value, char end)
{
    char digits[24];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) {
        *UART = (uint8_t)digits[--count];
    }
    *UART = (uint8_t)end;
}

static uint64_t ticks(void)
{
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value));
    return value;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* ---- integers -------------------------------------------------------------------------------- */

static __attribute__((noinline)) unsigned fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t calls(void)
{
    return fibonacci(34);
}

static uint64_t sieve(void)
{
    uint64_t count = 0;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 2 * MEGA; i++) {
            arena[i] = 1;
        }
        for (int i = 2; i < 2 * MEGA; i++) {
            if (arena[i]) {
                count++;
                for (int j = 2 * i; j < 2 * MEGA; j += i) {
                    arena[j] = 0;
                }
            }
        }
    }
    return count;
}

static uint64_t crc(void)
{
    uint32_t table[256], sum = 0;
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t value = n;
        for (int bit = 0; bit < 8; bit++) {
            value = value & 1 ? 0xedb88320 ^ value >> 1 : value >> 1;
        }
        table[n] = value;
    }
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < MEGA; i++) {
            sum = table[(sum ^ arena[i] ^ (uint32_t)i) & 255] ^ sum >> 8;
        }
    }
    return sum;
}

static void quick_sort(int32_t *values, long low, long high)
{
    while (low < high) {
        int32_t pivot = values[(low + high) / 2];
        long i = low, j = high;
        while (i <= j) {
            for (; values[i] < pivot; i++) {
            }
            for (; values[j] > pivot; j--) {
            }
            if (i <= j) {
                int32_t swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        quick_sort(values, low, j);
        low = i;
    }
}

static uint64_t sort(void)
{
    int32_t *values = (int32_t *)arena;
    uint32_t seed = 1;
    uint64_t sum = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < MEGA / 2; i++) {
            values[i] = (int32_t)next_random(&seed);
        }
        quick_sort(values, 0, MEGA / 2 - 1);
        sum = sum * 31 + (uint32_t)values[MEGA / 4];
    }
    return sum;
}

enum { SIDE = 192 };

static uint64_t matrix(void)
{
    int32_t(*a)[SIDE] = (void *)arena, (*b)[SIDE] = a + SIDE, (*c)[SIDE] = b + SIDE;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = i + j;
            b[i][j] = i - j;
        }
    }
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                int32_t sum = 0;
                for (int k = 0; k < SIDE; k++) {
                    sum += a[i][k] * b[k][j];
                }
                c[i][j] = sum + round;
            }
        }
    }
    return (uint32_t)c[17][33];
}

/* A small stack machine that counts down and adds. */
static uint64_t bytecode(void)
{
    enum { PUSH, ADD, DECREMENT, LOAD, STORE, BRANCH, STOP };
    static const uint8_t code[] = {LOAD,      0,     LOAD, 1,    ADD,   STORE,  1,    PUSH,
                                   3,         LOAD,  1,    ADD,  STORE, 1,      LOAD, 0,
                                   DECREMENT, STORE, 0,    LOAD, 0,     BRANCH, 0,    STOP};
    uint64_t variables[2] = {MEGA, 0}, stack[8];
    int top = 0, at = 0;
    for (;;) {
        switch (code[at++]) {
        case PUSH:
            stack[top++] = code[at++];
            break;
        case ADD:
            top--;
            stack[top - 1] += stack[top];
            break;
        case DECREMENT:
            stack[top - 1]--;
            break;
        case LOAD:
            stack[top++] = variables[code[at++]];
            break;
        case STORE:
            variables[code[at++]] = stack[--top];
            break;
        case BRANCH:
            at = stack[--top] ? code[at] : at + 1;
            break;
        default:
            return variables[1];
        }
    }
}

static uint64_t strings(void)
{
    char *text = (char *)arena, *copy = text + MEGA;
    uint32_t seed = 7;
    for (int i = 0; i < MEGA; i++) {
        text[i] = (char)('a' + next_random(&seed) % 26);
    }
    uint64_t found = 0;
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < MEGA; i++) {
            char letter = text[i];
            copy[i] = letter >= 'n' ? (char)(letter - 13) : (char)(letter + 13);
        }
        for (int i = 0; i + 3 < MEGA; i++) {
            found += copy[i] == 'a' && copy[i + 1] == 'b' && copy[i + 2] == 'c';
        }
        text[round] = copy[round + 1];
    }
    return found;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Copies between places whose pages fall into the same set of a cache without associativity. */
static uint64_t copy(void)
{
    uint64_t *from = (uint64_t *)arena, *to = (uint64_t *)(arena + 4 * MEGA);
    uint64_t *other = (uint64_t *)(arena + 8 * MEGA);
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < MEGA / 8; i++) {
            to[i] = from[i] + other[i];
        }
        from[round] = (uint64_t)round;
    }
    return to[11];
}

/* Follows pointers over 16 MiB in S mode through 4 KiB pages. */
static uint64_t page_tables[1 + 1 + 64][512] __attribute__((aligned(4096)));

static void enter_supervisor(void)
{
    enum { VALID = 1, LEAF = 0xcf }; /* V R W X A D */
    uint64_t base = 0x80000000;
    page_tables[0][0] = LEAF; /* a 1 GiB page: the devices */
    page_tables[0][2] = (uint64_t)page_tables[1] >> 12 << 10 | VALID;
    for (int n = 0; n < 64; n++) {
        page_tables[1][n] = (uint64_t)page_tables[2 + n] >> 12 << 10 | VALID;
        for (int m = 0; m < 512; m++) {
            page_tables[2 + n][m] =
                (base + ((uint64_t)n << 21) + ((uint64_t)m << 12)) >> 12 << 10 | LEAF;
        }
    }
    __asm__ volatile(
        "csrw satp, %0\n sfence.vma\n li t0, 0x800\n csrs mstatus, t0\n li t0, 0x1000\n"
        "csrc mstatus, t0\n la t0, 1f\n csrw mepc, t0\n mret\n1:"
        :
        : "r"(UINT64_C(8) << 60 | (uint64_t)page_tables >> 12)
        : "t0", "memory");
}

static uint64_t chase(void)
{
    enum { COUNT = 16 * MEGA / 64 };
    uint64_t(*cells)[8] = (void *)arena;
    uint32_t seed = 3;
    enter_supervisor();
    for (uint64_t i = 0; i < COUNT; i++) {
        cells[i][0] = i;
    }
    for (uint64_t i = COUNT - 1; i > 0; i--) { /* one cycle through all of them */
        uint64_t j = next_random(&seed) % i, swap = cells[i][0];
        cells[i][0] = cells[j][0];
        cells[j][0] = swap;
    }
    uint64_t at = 0, sum = 0;
    for (int n = 0; n < 20 * MEGA; n++) {
        at = cells[at][0];
        sum += at;
    }
    return sum;
}

/* ---- floating point -------------------------------------------------------------------------- */

static double square_root(double value)
{
    __asm__("fsqrt.d %0, %0" : "+f"(value));
    return value;
}

static uint64_t nbody(void)
{
    enum { BODIES = 5 };
    double p[BODIES][3], v[BODIES][3], mass[BODIES];
    for (int i = 0; i < BODIES; i++) {
        mass[i] = 1.0 / (i + 1);
        for (int k = 0; k < 3; k++) {
            p[i][k] = i * 1.5 + k * 0.7 * (i & 1 ? -1 : 1);
            v[i][k] = (k - 1) * 0.01 * i;
        }
    }
    for (int step = 0; step < 250000; step++) {
        for (int i = 0; i < BODIES; i++) {
            for (int j = i + 1; j < BODIES; j++) {
                double d[3], square = 0.01;
                for (int k = 0; k < 3; k++) {
                    d[k] = p[i][k] - p[j][k];
                    square += d[k] * d[k];
                }
                double force = 0.001 / (square * square_root(square));
                for (int k = 0; k < 3; k++) {
                    v[i][k] -= d[k] * mass[j] * force;
                    v[j][k] += d[k] * mass[i] * force;
                }
            }
        }
        for (int i = 0; i < BODIES; i++) {
            for (int k = 0; k < 3; k++) {
                p[i][k] += 0.001 * v[i][k];
            }
        }
    }
    return (uint64_t)(p[0][0] * 1e9);
}

static uint64_t fmatrix(void)
{
    double(*a)[SIDE] = (void *)arena, (*b)[SIDE] = a + SIDE, (*c)[SIDE] = b + SIDE;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = i * 0.5 + j;
            b[i][j] = i - j * 0.25;
        }
    }
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                double sum = 0;
                for (int k = 0; k < SIDE; k++) {
                    sum += a[i][k] * b[k][j];
                }
                c[i][j] = sum + round;
            }
        }
    }
    return (uint64_t)c[17][33];
}

int main(void);
int main(void)
{
    (void)calls, (void)sieve, (void)crc, (void)sort, (void)matrix, (void)bytecode, (void)strings;
    (void)copy, (void)chase, (void)nbody, (void)fmatrix;
    uint64_t start = ticks(), result = WORK();
    print(result, ' ');
    print(ticks() - start, '\n');
    register uint64_t code __asm__("a0") = 0x5555;
    __asm__ volatile("j finish" : : "r"(code)); /* S mode has nowhere to return to */
    __builtin_unreachable();
}

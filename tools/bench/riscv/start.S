/* Starts a workload on a bare RISC-V machine: floating point on, traps end the run as a failure. */
    .section .text.start
    .globl _start, finish
_start:
    la sp, stack_top
    la t0, failed
    csrw mtvec, t0
    li t0, 0x6000
    csrs mstatus, t0
    li t0, -1 /* all memory for S, and the counters */
    csrw pmpaddr0, t0
    csrw mcounteren, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    call main
    li a0, 0x5555
    j finish
    .align 2
failed:
    li a0, 0x3333
finish: /* the test device of machine virt */
    li t0, 0x100000
    sw a0, 0(t0)
1:  j 1b

    .bss
    .align 12
    .space 65536
stack_top:

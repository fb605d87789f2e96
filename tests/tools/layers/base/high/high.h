int high_run(void);

int low_run(void);

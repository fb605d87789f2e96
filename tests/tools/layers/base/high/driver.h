int high_driver(void);

// What libusb costs by itself: a loop in C that reads the same node at the same depth.
#pragma once

// Reads `count` transfers of 512 bytes from endpoint 0x81, `depth` at a time; 0, or libusb's code.
int df_raw_loop(int node, int depth, long count);

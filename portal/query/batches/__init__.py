"""批量修改: the same new values for everybody on a list, looked at first, written at once, taken back within a day."""

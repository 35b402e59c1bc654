"""The four services, their supervisor (`python -m services up`) and the command line `confer`."""

"""DLR's reporting of loaded models to its makers; see `phone_home`."""
